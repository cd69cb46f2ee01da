"""Shop to ingestion bucket: what changed since the last capture, told by transaction ids."""
