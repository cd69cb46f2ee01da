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
from hedgehog_pipeline.lake.told import read_told
from hedgehog_pipeline.schema.quarantine import (
    QUARANTINE_ARROW,
    READMITTED_ARROW,
    TOMBSTONES_ARROW,
)
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
        key = self.versions.schema.field(self.table.key)
        rows = _last_of_each(self.versions, key.name)
        gone = _last_of_each(self.tombstones, "key").rename_columns([key.name, "gone"])
        # A key that was gone may be too great for the column: of a row that cannot be taken.
        rows = rows.set_column(0, key.name, rows[key.name].cast(pa.int64())).join(gone, key.name)
        seen = pc.field(_COMMIT)
        gone_by = pc.coalesce(pc.field("gone"), pc.scalar(0))  # pyright: ignore[reportArgumentType] (stub)
        kept = {name: pc.field(name) for name in self.versions.column_names}
        kept |= {key.name: pc.field(key.name).cast(key.type)}
        kept |= {_COMMIT: pc.max_element_wise(seen, gone_by), DELETED.name: gone_by > seen}
        return dataset.dataset(rows).to_table(columns=kept)

    def readmitted(self, commits: Collection[int]) -> pa.Table:
        """Tell which keys came in a row that can be taken, or were gone, after one that cannot.

        Args:
            commits: those that brought the later row or saw it gone.
        """
        seen = [
            pa.table([events[0].cast(pa.string()), events[1]], ["key", _COMMIT])
            for events in (self.versions.select([self.table.key, _COMMIT]), self.tombstones)
        ]
        told = self.faults.group_by("key").aggregate([(_COMMIT, "min")])
        rows = pa.concat_tables(seen).filter(pc.field(_COMMIT).isin(list(commits)))
        rows = rows.join(told.rename_columns(["key", "since"]), "key")
        rows = rows.filter(pc.field("since") < pc.field(_COMMIT))
        names = pa.repeat(pa.scalar(self.table.name), rows.num_rows)
        return pa.table([names, rows["key"], rows[_COMMIT]], schema=READMITTED_ARROW)


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

    def told_of(self, commit: IngestionCommit) -> pa.Table:
        """Read what was told at landing of rows that cannot be taken."""
        parts = commit.parts_of(self.asset, "quarantine")
        told = (read_told(self.log.bucket.read(part.key), commit.number) for part in parts)
        return pa.concat_tables([QUARANTINE_ARROW.empty_table(), *told])

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
        told = [QUARANTINE_ARROW.empty_table()]
        tombstones = [TOMBSTONES_ARROW.empty_table()]
        while number:
            base = self.log.read(number).base.get(self.table.name)
            if base is None or not base.landed:
                break
            commit = self.log.read(base.landed)
            read.extend(self.parts_of(commit))
            told.append(self.told_of(commit))
            tombstones.append(self.tombstones_of(commit))
            number = base.landed - 1
        return History(
            self.table,
            pa.concat_tables([landed_schema(self.table).empty_table(), *(r.rows for r in read)]),
            pa.concat_tables(tombstones),
            pa.concat_tables([*told, *(r.faults for r in read)]),
        )

    def _csv(self, key: str) -> pa.Table:
        return csv.read_csv(io.BytesIO(self.log.bucket.read(key)))


def _last_of_each(rows: pa.Table, key: str) -> pa.Table:
    newest = rows.group_by(key).aggregate([(_COMMIT, "max")]).rename_columns([key, _COMMIT])
    return rows.join(newest, [key, _COMMIT], join_type="left semi")
