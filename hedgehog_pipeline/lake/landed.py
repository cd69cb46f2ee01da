"""What the ingestion log holds of a table of the shop, read when asked."""

import io
from collections.abc import Collection, Iterator
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv, dataset

from hedgehog_pipeline.lake.commits import IngestionCommit
from hedgehog_pipeline.lake.csv_values import ReadPart, landed_schema, read_part
from hedgehog_pipeline.lake.log import CommitLog
from hedgehog_pipeline.schema.quarantine import QUARANTINE_ARROW, TOMBSTONES_ARROW
from hedgehog_pipeline.schema.shop import ShopTable
from hedgehog_pipeline.schema.star import DELETED, INGESTION_COMMIT

_COMMIT = INGESTION_COMMIT.name


@dataclass(frozen=True)
class History:
    """All that was landed of a table up to and with a commit.

    Attributes:
        table: of the shop.
        versions: the rows that could be read, with the commit that saw each.
        tombstones: the keys that the shop held no more, with the commit that saw it.
        faults: what could not be read (schema/quarantine.py).
    """

    table: ShopTable
    versions: pa.Table
    tombstones: pa.Table
    faults: pa.Table

    def newest(self) -> pa.Table:
        """Give the newest row of each key, `deleted` where a later commit saw it no more.

        Its commit is the one that saw it last, or saw that it is gone.
        """
        rows = _last_of_each(self.versions, self.table.key)
        gone = _last_of_each(self.tombstones, "key").rename_columns([self.table.key, "gone"])
        key = self.versions.schema.field(self.table.key)
        gone = gone.cast(pa.schema([key, pa.field("gone", pa.int64())]))
        rows = rows.join(gone, self.table.key)
        seen = pc.field(_COMMIT)
        gone_by = pc.coalesce(pc.field("gone"), pc.scalar(0))  # pyright: ignore[reportArgumentType] (stub)
        kept = {name: pc.field(name) for name in self.versions.column_names}
        kept |= {_COMMIT: pc.max_element_wise(seen, gone_by), DELETED.name: gone_by > seen}
        return dataset.dataset(rows).to_table(columns=kept)

    def readmitted(self, commits: Collection[int], *, anew: bool) -> pa.Table:
        """Tell which rows of these commits could be read after something was told of their key.

        Args:
            commits: the commits to look at.
            anew: whether they were read before, so that what was told then may be mended: all rows
                count, not only those that follow one which cannot be read.
        """
        keys = self.versions.select([self.table.key, _COMMIT]).rename_columns(["key", _COMMIT])
        keys = keys.filter(pc.field(_COMMIT).isin(list(commits)))
        keys = keys.set_column(0, "key", keys["key"].cast(pa.string()))
        told = self.faults.group_by("key").aggregate([(_COMMIT, "min")])
        rows = keys.join(told.rename_columns(["key", "since"]), "key")
        if not anew:
            rows = rows.filter(pc.field("since") < pc.field(_COMMIT))
        count = rows.num_rows
        return pa.Table.from_pydict(
            {
                "table_name": [self.table.name] * count,
                "key": rows["key"],
                _COMMIT: rows[_COMMIT],
                "part": [""] * count,
                "line": [0] * count,
                "column_name": [""] * count,
                "value": [None] * count,
                "reason": [None] * count,
            },
            schema=QUARANTINE_ARROW,
        )


@dataclass(frozen=True)
class LandedTable:
    """The commits of a table of the shop."""

    log: CommitLog[IngestionCommit]
    table: ShopTable

    @property
    def asset(self) -> str:
        """The asset that its parts belong to."""
        return f"oltp/{self.table.name}"

    def parts_of(self, commit: IngestionCommit) -> Iterator[ReadPart]:
        """Read the rows that a commit landed, a part at a time."""
        for part in commit.parts_of(self.asset):
            yield read_part(self.log.bucket.read(part.key), self.table, part, commit.number)

    def tombstones_of(self, commit: IngestionCommit) -> pa.Table:
        """Read the keys that the shop held no more when a commit was made."""
        keys = [self._csv(part.key) for part in commit.parts_of(self.asset, "tombstones")]
        gone = pa.concat_tables([pa.table({self.table.key: pa.array([], pa.int64())}), *keys])
        numbers = pa.repeat(pa.scalar(commit.number, pa.int64()), gone.num_rows)
        return pa.table([gone[0], numbers], schema=TOMBSTONES_ARROW)

    def history(self, number: int) -> History:
        """Read all that was landed up to and with a commit.

        Each commit names the latest one that holds something of the table, so the walk back
        touches those alone.
        """
        read: list[ReadPart] = []
        tombstones = [TOMBSTONES_ARROW.empty_table()]
        while number:
            base = self.log.read(number).base.get(self.table.name)
            if base is None or not base.landed:
                break
            commit = self.log.read(base.landed)
            read.extend(self.parts_of(commit))
            tombstones.append(self.tombstones_of(commit))
            number = base.landed - 1
        return History(
            self.table,
            pa.concat_tables([landed_schema(self.table).empty_table(), *(r.rows for r in read)]),
            pa.concat_tables(tombstones),
            pa.concat_tables([QUARANTINE_ARROW.empty_table(), *(r.faults for r in read)]),
        )

    def _csv(self, key: str) -> pa.Table:
        return csv.read_csv(io.BytesIO(self.log.bucket.read(key)))


def _last_of_each(rows: pa.Table, key: str) -> pa.Table:
    newest = rows.group_by(key).aggregate([(_COMMIT, "max")]).rename_columns([key, _COMMIT])
    return rows.join(newest, [key, _COMMIT], join_type="left semi")
