"""The warehouse's tables, as the chosen model declares them.

A dimension holds the newest row of each key; a fact holds every version of a row that was
captured. Dimensions stand before the facts that refer to them.
"""

from hedgehog_pipeline.model.registry import TableRegistry, tables_of
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
    lambda: tables_of("star", (Dimension, Fact), lambda tables: validate_star(tables, SOURCE))
)
"""The tables by name."""
