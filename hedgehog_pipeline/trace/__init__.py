"""Trace a warehouse row back to its Parquet part, its CSV line and its commit."""
