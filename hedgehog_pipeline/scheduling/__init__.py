"""Which commits a run takes, and when a failed one is tried again. Pure: no Dagster, no I/O."""
