"""Tests without a server; without Dagster where the code has none."""
