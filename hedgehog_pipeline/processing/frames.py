"""What transforms of any model do with frames.

A transform gets pandas frames on Arrow dtypes with the declared columns of the shop's tables and
two technical ones, which its result carries on: `ingestion_commit`, the number of the capture that
saw the row, and `deleted`, whether the shop holds it no more. A parent that is joined has no
`deleted`: of one that the shop holds no more its key and its commit are left.
"""

from collections.abc import Iterable

import pandas as pd
import pyarrow as pa

from hedgehog_pipeline.model.tables import DELETED, INGESTION_COMMIT

_COMMIT = INGESTION_COMMIT.name
_UTC = pd.ArrowDtype(pa.timestamp("us"))
"""Moments in UTC without their zone: Arrow looks at the zone of each before it takes its day."""


def days_of(moments: pd.Series) -> pd.Series:
    """Give the UTC day of each moment, or the day itself."""
    return moments.astype(_UTC).dt.date


def times_of(moments: pd.Series) -> pd.Series:
    """Give the UTC time of day of each moment."""
    return moments.astype(_UTC).dt.time


def described_days(rows: pd.DataFrame, mentions: Iterable[str]) -> pd.DataFrame:
    """Describe each day that rows mention, once; weekdays as ISO 8601 counts them.

    Args:
        rows: of any table that mentions days.
        mentions: the columns, `table.column`, whose days are meant; moments count by their UTC day.

    Returns:
        The columns that `days` declares (schema/star_columns.py).
    """
    wanted = sorted({source.partition(".")[2] for source in mentions})
    found = pd.concat(
        [
            rows[[_COMMIT, DELETED.name]].assign(date_id=days_of(rows[column]))
            for column in rows.columns.intersection(wanted)
        ]
    )
    found = found.dropna(subset="date_id").drop_duplicates("date_id", ignore_index=True)
    moments = found["date_id"].astype(_UTC)
    return found.assign(
        year=moments.dt.year,
        month=moments.dt.month,
        day=moments.dt.day,
        day_of_week=moments.dt.dayofweek + 1,
        day_name=moments.dt.strftime("%A"),
        month_name=moments.dt.strftime("%B"),
        quarter=moments.dt.quarter,
    )


def with_parent(
    children: pd.DataFrame, parents: pd.DataFrame, *, on: str, key: str = ""
) -> pd.DataFrame:
    """Join each child with its parent, if any; the later of their two commits saw the pair.

    Args:
        children: none is dropped for want of a parent.
        parents: their columns that the children have too end in `_of_parent`.
        on: the children's column that holds the parent's key.
        key: the parent's key where its name is another.
    """
    parents = parents.rename(columns={key: on}) if key else parents
    joined = children.merge(parents, how="left", on=on, suffixes=("", "_of_parent"))
    later = joined[[_COMMIT, f"{_COMMIT}_of_parent"]].max(axis="columns")
    return joined.assign(**{_COMMIT: later})
