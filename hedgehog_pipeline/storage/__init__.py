"""Processed bucket to warehouse: each commit in one transaction, together with its own row."""
