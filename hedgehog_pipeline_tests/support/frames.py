"""Build the frames that transforms get, and turn frames into plain rows."""

from datetime import datetime, timezone
from typing import Any

import pandas as pd
import pyarrow as pa

from hedgehog_pipeline.model.columns import arrow_schema
from hedgehog_pipeline.model.tables import DELETED, INGESTION_COMMIT
from hedgehog_pipeline_tests.support.demo_model import SOURCE

_MONDAY = datetime(2026, 6, 1, 9, 30, 0, 123000, timezone.utc)


def frame(table: str, *rows: dict[str, Any]) -> pd.DataFrame:
    """Return rows of a source table; other columns are NULL, timestamps are Monday, 1 June.

    Rows are not deleted unless given.
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
    """Return the named columns of each row as plain values; NULL is None."""
    arrow = pa.Table.from_pandas(frame[list(columns)], preserve_index=False)
    return [tuple(row.values()) for row in arrow.to_pylist()]
