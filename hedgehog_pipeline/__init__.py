"""Hedgehog keeps a star-schema warehouse true to a shop's PostgreSQL database."""
