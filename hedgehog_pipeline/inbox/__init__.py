"""CSV files that others upload to `inbox/<table>/`: list, read, and land them as source rows."""
