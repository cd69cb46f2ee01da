"""From the source database to the ingestion bucket: changed rows by transaction id, and deletes."""
