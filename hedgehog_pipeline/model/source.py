"""The source tables, as the chosen model declares them."""

from hedgehog_pipeline.model.registry import TableRegistry, load_tables
from hedgehog_pipeline.model.source_validation import validate_source
from hedgehog_pipeline.model.tables import SourceTable

__all__ = ["SOURCE", "SourceTable"]

SOURCE = TableRegistry(lambda: load_tables("shop", (SourceTable,), validate_source))
"""The tables by name."""
