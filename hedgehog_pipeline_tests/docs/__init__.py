"""What the pages say is made by the code, run by a test, or held against the code."""
