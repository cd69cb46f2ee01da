"""The row counts of each asset, carried from commit to commit, so that nobody has to count.

A lake older than these counts starts counting on the next UTC day.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import date

from hedgehog_pipeline.lake.commits import Commit, Part, RowCount, RowCounts

_NO_TOTAL = 0

BATCH_ONLY = RowCounts(first=_NO_TOTAL)
"""The counts before a replay of a whole day, which has all rows of the day again."""


def counts_before(head: Commit | None, day: date) -> RowCounts | None:
    """Return the counts up to the commit before a new one, None if they are unknown.

    Args:
        head: the commit before the new one, None for the first.
        day: UTC day on which the new batch lands.
    """
    if head is None:
        return RowCounts(first=1)
    if head.row_counts is None and head.date < day:
        return RowCounts(first=head.number + 1)
    return head.row_counts


def counts_after(before: RowCounts | None, day: date, parts: Iterable[Part]) -> RowCounts | None:
    """Add the rows of a batch of a day; only parts of the kind `rows` count."""
    if before is None:
        return None
    assets = dict(before.assets)
    for part in parts:
        if part.kind == "rows":
            assets[part.asset] = _added(assets.get(part.asset), day, part.rows)
    return before.model_copy(update={"assets": assets})


def lake_row_counts(
    before: RowCounts | None, asset: str, day: date, parts: Iterable[Part]
) -> dict[str, int]:
    """Return Dagster's `partition_row_count` and `row_count` of an asset, as far as known.

    Args:
        before: the counts before the batch.
        asset: `oltp/<table>` or `star/<table>`.
        day: the partition.
        parts: the batch's parts of the asset.
    """
    after = counts_after(before, day, parts)
    if after is None:
        return {}
    found = after.assets.get(asset) or RowCount(day=day, of_day=0, in_all=0)
    metadata: dict[str, int] = {}
    if found.day <= day:
        metadata["dagster/partition_row_count"] = found.of_day if found.day == day else 0
    if after.first == 1:
        metadata["dagster/row_count"] = found.in_all
    return metadata


def rows_by_asset(commits: Sequence[Commit]) -> Counter[str]:
    """Count the rows of commits, by asset."""
    rows = Counter[str]()
    for commit in commits:
        for part in commit.parts:
            if part.kind == "rows":
                rows[part.asset] += part.rows
    return rows


def _added(before: RowCount | None, day: date, rows: int) -> RowCount:
    if before is None:
        return RowCount(day=day, of_day=rows, in_all=rows)
    in_all = before.in_all + rows
    if day > before.day:
        return RowCount(day=day, of_day=rows, in_all=in_all)
    of_day = before.of_day + (rows if day == before.day else 0)
    return RowCount(day=before.day, of_day=of_day, in_all=in_all)
