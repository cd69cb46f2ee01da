"""The newest row of each key of a table of the shop, as it landed."""

from collections.abc import Collection
from datetime import date

import pyarrow as pa

from hedgehog_pipeline.lake.csv_reader import landed_schema
from hedgehog_pipeline.lake.landed import History, LandedTable
from hedgehog_pipeline.model.side_tables import QUARANTINE_ARROW, TOMBSTONES_ARROW


def read_newest(landed: LandedTable, days: Collection[date] | None) -> pa.Table:
    """Read the newest row of each key: the declared columns, its commit, and whether it is gone.

    Rows that cannot be read as declared are left out; they stand in quarantine.

    Args:
        landed: the table of the shop.
        days: the UTC days on which rows landed, None for all. What was deleted on one of them is
            marked where its row landed on one of them too.
    """
    history = landed.history(landed.log.end()) if days is None else _of_days(landed, days)
    return history.newest().sort_by(landed.table.key)


def _of_days(landed: LandedTable, days: Collection[date]) -> History:
    commits = [commit for day in sorted(days) for commit in landed.log.of_day(day)]
    read = [part.rows for commit in commits for part in landed.parts_of(commit)]
    gone = [landed.tombstones_of(commit) for commit in commits]
    return History(
        landed.table,
        pa.concat_tables([landed_schema(landed.table).empty_table(), *read]),
        pa.concat_tables([TOMBSTONES_ARROW.empty_table(), *gone]),
        QUARANTINE_ARROW.empty_table(),
        len(commits),
    )
