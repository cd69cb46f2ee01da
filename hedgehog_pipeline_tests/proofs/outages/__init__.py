"""The platform under `dagster dev` during outages of its servers and processes: `make outages`."""
