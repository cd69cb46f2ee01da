"""The newest row of each key of a source table, as it landed."""

from collections.abc import Collection
from datetime import date

import pyarrow as pa

from hedgehog_pipeline.lake.csv_reader import landed_schema
from hedgehog_pipeline.lake.landed import History, LandedTable
from hedgehog_pipeline.model.side_tables import QUARANTINE_ARROW, TOMBSTONES_ARROW


def read_newest(landed: LandedTable, days: Collection[date] | None) -> pa.Table:
    """Read the newest row of each key: its declared columns, its commit, and whether it is deleted.

    Rows that cannot be read as declared are left out; the quarantine has them.

    Args:
        days: the UTC days on which rows landed, None for all. A deletion on one of them is only
            visible if the row landed on one of them too.
    """
    history = landed.history(landed.log.end()) if days is None else _of_days(landed, days)
    return history.newest().sort_by(landed.table.key)


def _of_days(landed: LandedTable, days: Collection[date]) -> History:
    commits = [commit for day in sorted(days) for commit in landed.log.of_day(day)]
    read = [part.rows for commit in commits for part in landed.parts_of(commit)]
    deleted = [landed.tombstones_of(commit) for commit in commits]
    return History(
        landed.table,
        pa.concat_tables([landed_schema(landed.table).empty_table(), *read]),
        pa.concat_tables([TOMBSTONES_ARROW.empty_table(), *deleted]),
        QUARANTINE_ARROW.empty_table(),
        len(commits),
    )
