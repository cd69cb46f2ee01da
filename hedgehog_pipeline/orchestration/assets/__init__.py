"""The assets of the three stages, and their metadata in Dagster's UI."""
