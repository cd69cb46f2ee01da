"""The rows of a star table in the lake, each version once: the greater pair of commits wins."""

from bisect import bisect_left
from collections.abc import Collection, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime, timedelta, timezone

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from hedgehog_pipeline.lake.batch import batch_time
from hedgehog_pipeline.lake.commits import ProcessedCommit
from hedgehog_pipeline.lake.log import CommitLog
from hedgehog_pipeline.lake.parquet_parts import ProcessedTable
from hedgehog_pipeline.model.columns import arrow_schema
from hedgehog_pipeline.model.tables import INGESTION_COMMIT, PROCESSED_COMMIT, StarTable

_REQUESTS = 8
"""How many objects are read at the same time."""

_MARGIN = timedelta(days=1)
"""Longer than any run, and more than two clocks differ."""


def read_rows(
    log: CommitLog[ProcessedCommit], table: StarTable, days: Collection[date] | None
) -> pa.Table:
    """Read a star table: its declared columns, and the commits that captured and transformed a row.

    A fact includes rows that were deleted in the source; a dimension marks them `deleted`. A column
    is NULL in parts that are older than it.

    Args:
        days: the UTC days on which rows landed, None for all, empty for none.
    """
    processed = ProcessedTable(log.bucket, table)

    def rows_of(commit: ProcessedCommit) -> list[pa.Table]:
        return [_numbered(part, commit.number) for part in processed.rows_of(commit)]

    with ThreadPoolExecutor(_REQUESTS) as pool:
        parts = [part for parts in pool.map(rows_of, _commits(log, days, pool)) for part in parts]
    return newest_of_each(table, parts)


def newest_of_each(table: StarTable, parts: Iterable[pa.Table]) -> pa.Table:
    """Keep the row with the greatest pair of commits of each identity, ordered by that pair."""
    schema = arrow_schema((*table.landed_columns, PROCESSED_COMMIT))
    rows = pa.concat_tables([schema.empty_table(), *parts])
    commits = rows.select([INGESTION_COMMIT.name, PROCESSED_COMMIT.name])
    order = pc.sort_indices(commits, [(name, "ascending") for name in commits.column_names])
    identity = list(table.identity)
    ranked = (
        rows.select(identity).take(order).append_column("rank", pa.array(np.arange(rows.num_rows)))
    )
    last = ranked.group_by(identity).aggregate([("rank", "max")])["rank_max"]
    return rows.take(order.take(last.sort()))


def _numbered(part: pa.Table, commit: int) -> pa.Table:
    numbers = pa.repeat(pa.scalar(commit, pa.int64()), part.num_rows)
    field = pa.field(PROCESSED_COMMIT.name, pa.int64(), nullable=False)
    return part.append_column(field, numbers)


def _commits(
    log: CommitLog[ProcessedCommit], days: Collection[date] | None, pool: ThreadPoolExecutor
) -> Iterator[ProcessedCommit]:
    """Read the commits of some days, or of all days.

    A commit of a day may come anywhere after it in the log: a replay of a past day has its date.
    """
    if days is not None and not days:
        return
    end = log.end()
    first = 1 if days is None else _first_made_since(min(days), log, end)
    for commit in log.linked(pool.map(log.read, range(first, end + 1))):
        if days is None or commit.date in days:
            yield commit


def _first_made_since(day: date, log: CommitLog[ProcessedCommit], end: int) -> int:
    """Return a number below which no commit has this day: batches begin in this order.

    Batches of simultaneous runs may be in the opposite order; the margin allows for that.
    """
    begin = datetime.combine(day, datetime.min.time(), timezone.utc) - _MARGIN
    numbers = range(1, end + 1)
    return 1 + bisect_left(numbers, begin, key=lambda n: batch_time(log.read(n).batch))
