"""Functions on data frames that the transforms of any model share.

A transform gets pandas frames on Arrow dtypes with the declared columns of the source tables and
two technical ones, which its result must keep: `ingestion_commit`, the number of the capture of the
row, and `deleted`, whether the row was deleted in the source. A joined parent has no `deleted`: if
it was deleted, only its key and its commit are not NULL.
"""

from collections.abc import Iterable

import pandas as pd
import pyarrow as pa

from hedgehog_pipeline.model.tables import DELETED, INGESTION_COMMIT

_COMMIT = INGESTION_COMMIT.name
_UTC = pd.ArrowDtype(pa.timestamp("us"))
"""Timestamps in UTC without a zone: Arrow would resolve the zone of each value to get its day."""


def days_of(timestamps: pd.Series) -> pd.Series:
    """Return the UTC day of each timestamp; dates stay as they are."""
    return timestamps.astype(_UTC).dt.date


def times_of(timestamps: pd.Series) -> pd.Series:
    """Return the UTC time of day of each timestamp."""
    return timestamps.astype(_UTC).dt.time


def described_days(rows: pd.DataFrame, mentions: Iterable[str]) -> pd.DataFrame:
    """Return one row for each day in the rows, as a date dimension; weekdays are ISO 8601.

    Args:
        rows: rows of any table with days.
        mentions: the columns, `table.column`, with the days; of a timestamp the UTC day counts.

    Returns:
        The columns that `days` declares (model/star_columns.py).
    """
    wanted = sorted({source.partition(".")[2] for source in mentions})
    found = pd.concat(
        [
            rows[[_COMMIT, DELETED.name]].assign(date_id=days_of(rows[column]))
            for column in rows.columns.intersection(wanted)
        ]
    )
    found = found.dropna(subset="date_id").drop_duplicates("date_id", ignore_index=True)
    days = found["date_id"].astype(_UTC)
    return found.assign(
        year=days.dt.year,
        month=days.dt.month,
        day=days.dt.day,
        day_of_week=days.dt.dayofweek + 1,
        day_name=days.dt.strftime("%A"),
        month_name=days.dt.strftime("%B"),
        quarter=days.dt.quarter,
    )


def with_parent(
    children: pd.DataFrame, parents: pd.DataFrame, *, on: str, key: str = ""
) -> pd.DataFrame:
    """Left-join each child with its parent; the pair has the later of their two commits.

    Args:
        children: all of them are kept, also without a parent.
        parents: of a column that the children also have, the name gets the suffix `_of_parent`.
        on: the children's column with the parent's key.
        key: the name of the parent's key, if different from `on`.
    """
    parents = parents.rename(columns={key: on}) if key else parents
    joined = children.merge(parents, how="left", on=on, suffixes=("", "_of_parent"))
    later = joined[[_COMMIT, f"{_COMMIT}_of_parent"]].max(axis="columns")
    return joined.assign(**{_COMMIT: later})
