"""The platform under `dagster dev` while what it rests on is taken away: `make outages`."""
