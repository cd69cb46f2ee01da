"""Choose the commits of a run and the time of a retry. Pure: no Dagster, no I/O."""
