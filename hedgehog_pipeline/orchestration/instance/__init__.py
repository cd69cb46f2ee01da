"""Dagster's instance: its storage, and the pruning of its records."""
