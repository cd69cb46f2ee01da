"""A row of the warehouse followed back to its Parquet part, its CSV line and its commit."""
