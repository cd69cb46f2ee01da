"""The star tables of the warehouse, as the chosen model declares them.

A dimension has the newest row of each key; a fact has every captured version of a row. Dimensions
come before the facts that refer to them.
"""

from hedgehog_pipeline.model.registry import TableRegistry, load_tables
from hedgehog_pipeline.model.source import SOURCE
from hedgehog_pipeline.model.star_validation import validate_star
from hedgehog_pipeline.model.tables import (
    DELETED,
    INGESTION_COMMIT,
    NOT_KNOWN,
    PROCESSED_COMMIT,
    Dimension,
    Fact,
    StarTable,
)

__all__ = [
    "DELETED",
    "INGESTION_COMMIT",
    "NOT_KNOWN",
    "PROCESSED_COMMIT",
    "STAR",
    "Dimension",
    "Fact",
    "StarTable",
]


STAR = TableRegistry(
    lambda: load_tables("star", (Dimension, Fact), lambda tables: validate_star(tables, SOURCE))
)
"""The tables by name."""
