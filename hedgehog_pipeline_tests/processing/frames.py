"""Frames as the pure functions get them, made from a few words, and back to plain rows."""

from datetime import datetime, timezone
from typing import Any

import pandas as pd
import pyarrow as pa

from hedgehog_pipeline.model.columns import arrow_schema
from hedgehog_pipeline.model.source import SOURCE
from hedgehog_pipeline.model.star import DELETED, INGESTION_COMMIT

_MONDAY = datetime(2026, 6, 1, 9, 30, 0, 123000, timezone.utc)


def frame(table: str, *rows: dict[str, Any]) -> pd.DataFrame:
    """Rows of a table of the shop; what is not said is absent, stamps are of Monday, 1 June.

    None is deleted unless it is said.
    """
    given = {
        "created_at": _MONDAY,
        "last_updated": _MONDAY,
        "ingestion_commit": 1,
        "deleted": False,
    }
    schema = arrow_schema((*SOURCE[table].columns, INGESTION_COMMIT, DELETED))
    arrow = pa.Table.from_pylist([given | row for row in rows], schema=schema)
    return arrow.to_pandas(types_mapper=pd.ArrowDtype)


def rows_of(frame: pd.DataFrame, *columns: str) -> list[tuple[Any, ...]]:
    """The named columns of each row as plain values; absent ones are None."""
    arrow = pa.Table.from_pandas(frame[list(columns)], preserve_index=False)
    return [tuple(row.values()) for row in arrow.to_pylist()]
