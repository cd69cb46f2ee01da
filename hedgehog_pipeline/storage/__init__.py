"""Load the processed bucket into the warehouse: one transaction for each commit and its record."""
