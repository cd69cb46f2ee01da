"""The assets of the three stages, and the metadata that each of them shows."""
