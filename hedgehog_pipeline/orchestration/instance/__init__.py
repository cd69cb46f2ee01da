"""The Dagster instance: its storage, its webserver and daemon, and the pruning of its records."""
