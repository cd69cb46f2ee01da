"""How long AWS may keep us waiting."""

from botocore.config import Config

PATIENCE = Config(connect_timeout=5, read_timeout=15)
"""Seconds of silence after which a request is given up; the SDK makes it again, twice.

Its own minute would let three tries take longer than Dagster gives a sensor's tick, which then ends
without a reason.
"""
