"""A source table as landed in the ingestion log, read lazily."""

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
from hedgehog_pipeline.model.tables import DELETED, INGESTION_COMMIT, SourceTable

_COMMIT = INGESTION_COMMIT.name

_CHECKPOINT_COMMITS = 20
"""A history that took this many commits to read gets a checkpoint."""

_CACHED_PARTS = 4
"""The parts of a slice of the initial load; bounds the memory of the cache."""


@dataclass(frozen=True)
class History:
    """What was landed of a table up to and including a commit.

    Attributes:
        versions: the valid rows, each with the commit that captured it.
        tombstones: the keys deleted in the source, each with the commit that detected it.
        faults: the quarantine entries of rows that are not valid (model/side_tables.py).
        commits: how many commits were read for it.
        unsearched: the keys without a row when the search reached its time limit.
    """

    table: SourceTable
    versions: pa.Table
    tombstones: pa.Table
    faults: pa.Table
    commits: int
    unsearched: frozenset[int] = frozenset()

    def newest(self) -> pa.Table:
        """Return the newest row of each key, `deleted` if a later commit detected its deletion.

        Its commit is the one that captured it last, or detected the deletion.
        """
        from pyarrow import dataset  # noqa: PLC0415 (imports pandas: half a second)

        key = self.versions.schema.field(self.table.key)
        rows = _last_of_each(self.versions, key.name)
        deleted = _last_of_each(self.tombstones, "key").rename_columns([key.name, DELETED.name])
        # A deleted key may be too large for the column: its row was not valid.
        rows = rows.set_column(0, key.name, rows[key.name].cast(pa.int64()))
        rows = rows.join(deleted, key.name)
        captured_by = pc.field(_COMMIT)
        # No source table may declare a column of this name.
        found_deleted = pc.field(DELETED.name)
        deleted_by = pc.coalesce(found_deleted, pc.scalar(0))  # pyright: ignore[reportArgumentType]
        kept = {name: pc.field(name) for name in self.versions.column_names}
        kept |= {key.name: pc.field(key.name).cast(key.type)}
        kept |= {_COMMIT: pc.max_element_wise(captured_by, deleted_by)}
        kept |= {DELETED.name: deleted_by > captured_by}
        return dataset.dataset(rows).to_table(columns=kept)

    def resolutions(self, commits: Collection[int]) -> pa.Table:
        """Return the keys that have a valid row or a deletion after a quarantined row.

        Args:
            commits: only the keys whose later row or deletion is in one of these commits.
        """
        seen = [
            pa.table([events[0].cast(pa.string()), events[1]], ["key", _COMMIT])
            for events in (self.versions.select([self.table.key, _COMMIT]), self.tombstones)
        ]
        first = self.faults.group_by("key").aggregate([(_COMMIT, "min")])
        rows = pa.concat_tables(seen).filter(pc.field(_COMMIT).isin(list(commits)))
        rows = rows.join(first.rename_columns(["key", "since"]), "key")
        rows = rows.filter(pc.field("since") < pc.field(_COMMIT))
        names = pa.repeat(pa.scalar(self.table.name), rows.num_rows)
        return pa.table([names, rows["key"], rows[_COMMIT]], schema=RESOLUTIONS_ARROW)


@dataclass(frozen=True)
class LandedTable:
    """A source table in the ingestion log: its rows, tombstones and quarantine entries.

    Attributes:
        derived: the bucket for its checkpoints, the processed one.
    """

    log: CommitLog[IngestionCommit]
    table: SourceTable
    derived: Bucket

    @property
    def asset(self) -> str:
        """The asset that its parts belong to."""
        return f"oltp/{self.table.name}"

    def parts_of(self, commit: IngestionCommit) -> Iterator[ReadPart]:
        """Read the rows of a commit, one part at a time.

        Raises:
            HedgehogError: if a part is missing or altered, or cannot be read as declared.
        """
        for part in commit.parts_of(self.asset):
            yield self._read(part, commit.number)

    @cached_property
    def _read(self) -> Callable[..., ReadPart]:
        """Read a part; the last few are cached, because several star tables may need them."""
        bucket, table = self.log.bucket, self.table

        @lru_cache(_CACHED_PARTS)
        def read(part: Part, commit: int) -> ReadPart:  # no `self`: it would never be freed
            found = read_as(bucket, part, lambda body: read_part(body, table, part, commit))
            faulty = pc.count_distinct(found.faults["line"]).as_py()
            confirm_rows(bucket, part, found.rows.num_rows + faulty)
            return found

        return read

    def entries_of(self, commit: IngestionCommit) -> pa.Table:
        """Read the quarantine entries that were written when the commit landed."""
        read = partial(read_quarantine, commit=commit.number)
        parts = commit.parts_of(self.asset, "quarantine")
        entries = (read_rows(self.log.bucket, part, read) for part in parts)
        return pa.concat_tables([QUARANTINE_ARROW.empty_table(), *entries])

    def tombstones_of(self, commit: IngestionCommit) -> pa.Table:
        """Read the keys whose deletion in the source a commit detected."""
        keys = (
            read_rows(self.log.bucket, part, partial(read_keys, columns=part.columns))
            for part in commit.parts_of(self.asset, "tombstones")
        )
        deleted = pa.concat_tables([pa.table({self.table.key: pa.array([], pa.int64())}), *keys])
        numbers = pa.repeat(pa.scalar(commit.number, pa.int64()), deleted.num_rows)
        return pa.table([deleted[0], numbers], schema=TOMBSTONES_ARROW)

    def history(
        self, number: int, since: int | None = None, keys: Collection[int] | None = None
    ) -> History:
        """Read what was landed up to a commit, inclusive.

        Each commit names the latest one with a part of the table, so walking back reads only those,
        and ends at a checkpoint.

        Args:
            number: number of the commit.
            since: the first commit that has to be complete, `number` by default; of earlier ones
                the result may have only the newest row and the last tombstone of each key.
            keys: read only rows of these keys; None for all.
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
        deleted = [checkpoint.tombstones] if checkpoint else [TOMBSTONES_ARROW.empty_table()]
        return History(
            self.table,
            pa.concat_tables([self._with_keys(known, keys), *(part.rows for part in read)]),
            pa.concat_tables([*deleted, *(self.tombstones_of(commit) for commit in commits)]),
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
        """Read back from a commit until each key has a row; earlier commits are left out.

        Args:
            number: number of the commit.
            keys: the keys to search for.
            until: time of `monotonic()` at which the search stops in any case.
        """
        wanted = set(keys)
        checkpoint = self._checkpoint(before=number + 1)
        rows = [landed_schema(self.table).empty_table()]
        deleted = [TOMBSTONES_ARROW.empty_table()]
        commits = 0

        def add(versions: pa.Table) -> None:
            rows.append(self._with_keys(versions, wanted))
            wanted.difference_update(rows[-1][self.table.key].to_pylist())

        for commit in self._back_from(number, checkpoint.number if checkpoint else 0):
            if not wanted or monotonic() > until:
                break
            commits += 1
            deleted.append(self.tombstones_of(commit))
            for part in self.parts_of(commit):
                add(part.rows)
                if not wanted:
                    break
        else:
            if checkpoint and wanted:
                unread = [self.log.read(older) for older in checkpoint.unread]
                commits += len(unread)
                deleted.extend([checkpoint.tombstones, *map(self.tombstones_of, unread)])
                parts = [part.rows for commit in unread for part in self.parts_of(commit)]
                add(pa.concat_tables([checkpoint.rows, *parts]))
            wanted.clear()
        return History(
            self.table,
            pa.concat_tables(rows),
            pa.concat_tables(deleted),
            QUARANTINE_ARROW.empty_table(),
            commits,
            frozenset(wanted),
        )

    def _back_from(self, number: int, reached: int) -> Iterator[IngestionCommit]:
        """Read the commits with a part of the table, the latest first, down to one, exclusive."""
        while number > reached:
            watermark = self.log.read(number).base.get(self.table.name)
            if watermark is None or watermark.landed <= reached:
                return
            yield self.log.read(watermark.landed)
            number = watermark.landed - 1

    def _with_keys(self, rows: pa.Table, keys: Collection[int] | None) -> pa.Table:
        if keys is None:
            return rows
        return rows.filter(pc.field(self.table.key).cast(pa.int64()).isin(list(keys)))

    def write_checkpoint(self, history: History, number: int) -> None:
        """Write a checkpoint of a history at a commit, if reading it took many commits.

        Args:
            history: a history up to this commit or a later one, complete after this commit.
            number: number of the commit.
        """
        if history.commits < _CHECKPOINT_COMMITS or not number:
            return
        until = pc.field(_COMMIT) <= number
        unread: list[Any] = pc.unique(history.faults.filter(until)[_COMMIT]).to_pylist()
        rows = _last_of_each(history.versions.filter(until), self.table.key)
        tombstones = history.tombstones.filter(until)
        Checkpoints(self.derived, self.table).write(
            Checkpoint(
                number,
                self.log.read(number).batch,
                rows.filter(~pc.field(_COMMIT).isin(unread)),
                _last_of_each(tombstones, "key"),
                unread,
            )
        )

    def _checkpoint(self, before: int) -> Checkpoint | None:
        """Read the latest checkpoint before a commit that fits the log as it is now."""
        checkpoints = Checkpoints(self.derived, self.table)
        for ref in checkpoints.before(before):
            if self.log.batch_of(ref.number) == ref.batch and (
                found := checkpoints.read(ref, landed_schema(self.table))
            ):
                return found
        return None


def existing_rows(newest: pa.Table) -> pa.Table:
    """Return the rows of `History.newest` that no later commit saw deleted."""
    return newest.filter(~pc.field(DELETED.name)).drop_columns([DELETED.name])


def _last_of_each(rows: pa.Table, key: str) -> pa.Table:
    newest = rows.group_by(key).aggregate([(_COMMIT, "max")]).rename_columns([key, _COMMIT])
    return rows.join(newest, [key, _COMMIT], join_type="left semi")
