"""Files that others bring under `inbox/<table>/`: found, read, and landed as rows of the source."""
