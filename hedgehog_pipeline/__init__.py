"""Hedgehog keeps a star-schema warehouse true to a PostgreSQL source database."""
