"""What the ingestion log holds of a table of the shop, read when asked."""

import math
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache, partial
from time import monotonic
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from hedgehog_pipeline.lake.bucket import Bucket
from hedgehog_pipeline.lake.checkpoints import Checkpoint, Checkpoints
from hedgehog_pipeline.lake.commits import IngestionCommit, Part
from hedgehog_pipeline.lake.csv_reader import ReadPart, landed_schema, read_keys, read_part
from hedgehog_pipeline.lake.log import CommitLog
from hedgehog_pipeline.lake.parts import confirm_rows, read_as, read_rows
from hedgehog_pipeline.lake.quarantine_csv import read_quarantine
from hedgehog_pipeline.model.side_tables import (
    QUARANTINE_ARROW,
    RESOLUTIONS_ARROW,
    TOMBSTONES_ARROW,
)
from hedgehog_pipeline.model.source import SourceTable
from hedgehog_pipeline.model.star import DELETED, INGESTION_COMMIT

_COMMIT = INGESTION_COMMIT.name

_MANY_COMMITS = 20
"""From how many commits on a history is worth a checkpoint."""

_PARTS_KEPT = 4
"""Those of a slice of the archive; they bound the memory that this takes."""


@dataclass(frozen=True)
class History:
    """All that was landed of a table up to and with a commit, or what a part of it comes down to.

    Attributes:
        table: of the shop.
        versions: the rows that could be read, with the commit that saw each.
        tombstones: the keys that the shop held no more, with the commit that saw it.
        faults: what could not be read (schema/quarantine.py).
        commits: how many commits were read for it.
        unsought: keys of which no row was met before the search had to end.
    """

    table: SourceTable
    versions: pa.Table
    tombstones: pa.Table
    faults: pa.Table
    commits: int
    unsought: frozenset[int] = frozenset()

    def newest(self) -> pa.Table:
        """Give the newest row of each key, `deleted` where a later commit saw it no more.

        Its commit is the one that saw it last, or saw that it is gone.
        """
        from pyarrow import dataset  # noqa: PLC0415 (imports pandas: half a second)

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
        return pa.table([names, rows["key"], rows[_COMMIT]], schema=RESOLUTIONS_ARROW)


@dataclass(frozen=True)
class LandedTable:
    """The commits of a table of the shop.

    Attributes:
        log: the ingestion log.
        table: the table.
        derived: the bucket of its checkpoints.
    """

    log: CommitLog[IngestionCommit]
    table: SourceTable
    derived: Bucket

    @property
    def asset(self) -> str:
        """The asset that its parts belong to."""
        return f"oltp/{self.table.name}"

    def parts_of(self, commit: IngestionCommit) -> Iterator[ReadPart]:
        """Read the rows that a commit landed, a part at a time.

        Raises:
            HedgehogError: where a part is missing or altered, or cannot be read as declared.
        """
        for part in commit.parts_of(self.asset):
            yield self._read(part, commit.number)

    @cached_property
    def _read(self) -> Callable[..., ReadPart]:
        """Read a part; the last few are kept, because several star tables may be made of them."""
        bucket, table = self.log.bucket, self.table

        @lru_cache(_PARTS_KEPT)
        def read(part: Part, commit: int) -> ReadPart:  # without `self`, which would not be freed
            found = read_as(bucket, part, lambda body: read_part(body, table, part, commit))
            faulty = pc.count_distinct(found.faults["line"]).as_py()
            confirm_rows(bucket, part, found.rows.num_rows + faulty)
            return found

        return read

    def entries_of(self, commit: IngestionCommit) -> pa.Table:
        """Read what was told at landing of rows that cannot be taken."""
        read = partial(read_quarantine, commit=commit.number)
        parts = commit.parts_of(self.asset, "quarantine")
        told = (read_rows(self.log.bucket, part, read) for part in parts)
        return pa.concat_tables([QUARANTINE_ARROW.empty_table(), *told])

    def tombstones_of(self, commit: IngestionCommit) -> pa.Table:
        """Read the keys that the shop held no more when a commit was made."""
        keys = (
            read_rows(self.log.bucket, part, partial(read_keys, columns=part.columns))
            for part in commit.parts_of(self.asset, "tombstones")
        )
        gone = pa.concat_tables([pa.table({self.table.key: pa.array([], pa.int64())}), *keys])
        numbers = pa.repeat(pa.scalar(commit.number, pa.int64()), gone.num_rows)
        return pa.table([gone[0], numbers], schema=TOMBSTONES_ARROW)

    def history(
        self, number: int, since: int | None = None, keys: Collection[int] | None = None
    ) -> History:
        """Read what was landed up to and with a commit.

        Each commit names the latest one that holds something of the table, so the walk back
        touches those alone, and ends at a checkpoint.

        Args:
            number: of the commit.
            since: the first commit of which everything is wanted, `number` where none is given;
                what came before may be the newest row of each key and its last tombstone alone.
            keys: whose rows are wanted; None for all.
        """
        checkpoint = self._checkpoint(before=number + 1 if since is None else since)
        commits = [self.log.read(unread) for unread in checkpoint.unread] if checkpoint else []
        reached = checkpoint.number if checkpoint else 0
        commits.extend(self._back_from(number, reached))
        read = [
            replace(part, rows=self._with_keys(part.rows, keys))
            for commit in commits
            for part in self.parts_of(commit)
        ]
        known = checkpoint.rows if checkpoint else landed_schema(self.table).empty_table()
        gone = [checkpoint.tombstones] if checkpoint else [TOMBSTONES_ARROW.empty_table()]
        return History(
            self.table,
            pa.concat_tables([self._with_keys(known, keys), *(part.rows for part in read)]),
            pa.concat_tables([*gone, *(self.tombstones_of(commit) for commit in commits)]),
            pa.concat_tables(
                [
                    QUARANTINE_ARROW.empty_table(),
                    *(part.faults for part in read),
                    *(self.entries_of(commit) for commit in commits),
                ]
            ),
            len(commits),
        )

    def newest_of(self, number: int, keys: Collection[int], until: float = math.inf) -> History:
        """Read back from a commit until a row of each key is met; what came before is left out.

        Args:
            number: of the commit.
            keys: whose rows are wanted.
            until: the moment of `monotonic()` at which the search ends, whatever it has met.
        """
        wanted = set(keys)
        checkpoint = self._checkpoint(before=number + 1)
        rows = [landed_schema(self.table).empty_table()]
        gone = [TOMBSTONES_ARROW.empty_table()]
        commits = 0

        def meet(versions: pa.Table) -> None:
            rows.append(self._with_keys(versions, wanted))
            wanted.difference_update(rows[-1][self.table.key].to_pylist())

        for commit in self._back_from(number, checkpoint.number if checkpoint else 0):
            if not wanted or monotonic() > until:
                break
            commits += 1
            gone.append(self.tombstones_of(commit))
            for part in self.parts_of(commit):
                meet(part.rows)
                if not wanted:
                    break
        else:
            if checkpoint and wanted:
                unread = [self.log.read(older) for older in checkpoint.unread]
                commits += len(unread)
                gone.extend([checkpoint.tombstones, *map(self.tombstones_of, unread)])
                parts = [part.rows for commit in unread for part in self.parts_of(commit)]
                meet(pa.concat_tables([checkpoint.rows, *parts]))
            wanted.clear()
        return History(
            self.table,
            pa.concat_tables(rows),
            pa.concat_tables(gone),
            QUARANTINE_ARROW.empty_table(),
            commits,
            frozenset(wanted),
        )

    def _back_from(self, number: int, reached: int) -> Iterator[IngestionCommit]:
        """Read the commits that hold something of the table, the last first, down to one."""
        while number > reached:
            base = self.log.read(number).base.get(self.table.name)
            if base is None or base.landed <= reached:
                return
            yield self.log.read(base.landed)
            number = base.landed - 1

    def _with_keys(self, rows: pa.Table, keys: Collection[int] | None) -> pa.Table:
        if keys is None:
            return rows
        return rows.filter(pc.field(self.table.key).cast(pa.int64()).isin(list(keys)))

    def keep_checkpoint(self, history: History, number: int) -> None:
        """Keep what a history comes down to at a commit, where reading it took many commits.

        Args:
            history: up to and with the commit, or a later one, all of that included.
            number: of the commit.
        """
        if history.commits < _MANY_COMMITS or not number:
            return
        until = pc.field(_COMMIT) <= number
        unread: list[Any] = pc.unique(history.faults.filter(until)[_COMMIT]).to_pylist()
        rows = _last_of_each(history.versions.filter(until), self.table.key)
        tombstones = history.tombstones.filter(until)
        Checkpoints(self.derived, self.table).keep(
            Checkpoint(
                number,
                self.log.read(number).batch,
                rows.filter(~pc.field(_COMMIT).isin(unread)),
                _last_of_each(tombstones, "key"),
                unread,
            )
        )

    def _checkpoint(self, before: int) -> Checkpoint | None:
        """Read the last checkpoint before a commit that was made of the log as it stands."""
        checkpoints = Checkpoints(self.derived, self.table)
        for kept in checkpoints.before(before):
            if self.log.batch_of(kept.number) == kept.batch and (
                found := checkpoints.read(kept, landed_schema(self.table))
            ):
                return found
        return None


def _last_of_each(rows: pa.Table, key: str) -> pa.Table:
    newest = rows.group_by(key).aggregate([(_COMMIT, "max")]).rename_columns([key, _COMMIT])
    return rows.join(newest, [key, _COMMIT], join_type="left semi")
