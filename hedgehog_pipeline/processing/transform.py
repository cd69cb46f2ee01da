"""Transform landed rows to rows of a star table, in Arrow tables of bounded size."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import dataset

from hedgehog_pipeline.lake.commits import IngestionCommit
from hedgehog_pipeline.lake.landed import History, LandedTable
from hedgehog_pipeline.model.tables import DELETED, INGESTION_COMMIT, Dimension, Fact, StarTable

_COMMIT = INGESTION_COMMIT.name


@dataclass(frozen=True)
class Transformed:
    """The output of a transform. Consume each iterator once, in this order.

    Attributes:
        tombstones: for a fact, the keys that were deleted in the source.
        quarantine: entries of the rows left out; complete once `rows` is consumed.
        resolutions: keys whose later row was valid or deleted; complete once `rows` is consumed.
    """

    rows: Iterator[pa.Table]
    tombstones: Iterator[pa.Table]
    quarantine: Iterator[pa.Table]
    resolutions: Iterator[pa.Table]


@dataclass(frozen=True)
class SideOutputs:
    """The rows of the side tables, collected while the rows are read."""

    quarantine: list[pa.Table] = field(default_factory=list[pa.Table])
    resolutions: list[pa.Table] = field(default_factory=list[pa.Table])


Function = Callable[..., pd.DataFrame]
"""A function of the model: DataFrames in, DataFrame out."""


@dataclass(frozen=True)
class Transform:
    """The transform of a star table: the model's function, and what it is applied to.

    Attributes:
        table: the table.
        function: takes one frame for each joined input, or a frame of one input at a time.
    """

    table: StarTable
    function: Function

    def of_commits(
        self,
        inputs: Mapping[str, LandedTable],
        commits: Sequence[IngestionCommit],
        *,
        restated: int,
    ) -> Transformed:
        """Transform what these commits contribute to the table.

        Args:
            inputs: its source tables, by name.
            commits: the ingestion commits to process, ascending.
            restated: for a replay, the last commit that was processed before; 0 for new commits.
        """
        parents = [inputs[name] for name in self.table.inputs]
        side = SideOutputs()
        if self.table.as_of:
            rows = self._joined(parents, commits, side, restated=restated)
        else:
            rows = self._by_part(parents, commits, side)
        tombstones = _tombstones(parents[0], commits) if isinstance(self.table, Fact) else iter(())
        return Transformed(rows, tombstones, _lazily(side.quarantine), _lazily(side.resolutions))

    def current(self, rows: pa.Table, *parents: pa.Table) -> pa.Table:
        """Transform rows that are not deleted, with the parents of a joined table."""
        deleted = pa.repeat(pa.scalar(False), rows.num_rows)  # noqa: FBT003 (a value)
        return self._apply(rows.append_column(DELETED.name, deleted), *parents)

    def _by_part(
        self,
        parents: Sequence[LandedTable],
        commits: Sequence[IngestionCommit],
        side: SideOutputs,
    ) -> Iterator[pa.Table]:
        for commit in commits:
            for parent in parents:
                for part in parent.parts_of(commit):
                    yield self.current(part.rows)
                    if self.table.subject:
                        side.quarantine.append(part.faults)
                if self.table.subject:
                    side.quarantine.append(parent.entries_of(commit))
            subject = (
                parents[0] if self.table.subject and isinstance(self.table, Dimension) else None
            )
            if subject and commit.parts_of(subject.asset, "tombstones"):
                deleted: list[Any] = subject.tombstones_of(commit)["key"].to_pylist()
                history = subject.history(commit.number, since=commit.number, keys=deleted)
                yield self._apply(_deleted_by(commit, history))
                side.resolutions.append(history.resolutions([commit.number]))

    def _joined(
        self,
        parents: Sequence[LandedTable],
        commits: Sequence[IngestionCommit],
        side: SideOutputs,
        *,
        restated: int,
    ) -> Iterator[pa.Table]:
        """Join the parents as of the last of the commits.

        A member is stamped with the highest commit among its rows, and emitted by the run that
        processes that commit. So a member depends on its stamp alone, and commits can be processed
        in any order (docs/design.md, "Joined dimensions"). A row that becomes valid later also
        changes members whose other parent came after it, so a restatement emits those as well,
        with the stamp that another version of the member gave them while this row was not valid.
        """
        relevant = [c.number for c in commits if any(c.touches(p.asset) for p in parents)]
        if not relevant:
            return
        stamp = pc.field(_COMMIT)
        first, last = relevant[0], max(relevant[-1], restated)
        histories = [parent.history(last, since=first) for parent in parents]
        for parent, history in zip(parents, histories, strict=True):
            parent.write_checkpoint(history, first - 1)
            side.quarantine.append(history.faults.filter(stamp.isin(relevant)))
            side.resolutions.append(history.resolutions(relevant))
        members, *others = (history.newest() for history in histories)
        others = [_without_deleted(rows) for rows in others]
        joined = self._apply(members, *others)
        if restated:
            versions = self.current(histories[0].versions, *others)
            joined = _with_greatest_stamp(joined, versions, self.table.key.name)
        yield joined.filter(stamp >= first if restated else stamp.isin(relevant))

    def _apply(self, *rows: pa.Table) -> pa.Table:
        """Call the function, and return the declared columns in their declared types."""
        frames = (part.to_pandas(types_mapper=pd.ArrowDtype) for part in rows)
        schema = self.table.arrow
        frame = self.function(*frames)
        return pa.Table.from_pandas(
            frame[schema.names], schema=schema, preserve_index=False
        ).replace_schema_metadata(None)


def _lazily(tables: list[pa.Table]) -> Iterator[pa.Table]:
    """Yield what the list contains when it is consumed."""
    yield from tables


def _tombstones(subject: LandedTable, commits: Sequence[IngestionCommit]) -> Iterator[pa.Table]:
    for commit in commits:
        yield subject.tombstones_of(commit)


def _deleted_by(commit: IngestionCommit, history: History) -> pa.Table:
    """Return the last row of each key whose deletion the commit detected."""
    rows = history.newest()
    return rows.filter(pc.field(DELETED.name) & (pc.field(_COMMIT) == commit.number))


def _with_greatest_stamp(rows: pa.Table, versions: pa.Table, key: str) -> pa.Table:
    """Stamp rows with the greatest commit among all versions of their key."""
    stamps = versions.group_by(key).aggregate([(_COMMIT, "max")]).rename_columns([key, "greatest"])
    known = {name: pc.field(name) for name in rows.column_names}
    greatest = pc.max_element_wise(pc.field(_COMMIT), pc.field("greatest"))
    joined = dataset.dataset(rows.join(stamps, key))
    return joined.to_table(columns={**known, _COMMIT: greatest}).cast(rows.schema)


def _without_deleted(parents: pa.Table) -> pa.Table:
    """Keep only the key and the deleting commit of each deleted parent; set the rest to NULL."""
    key, *values = (name for name in parents.column_names if name not in {_COMMIT, DELETED.name})
    present = ~pc.field(DELETED.name)
    null = pc.scalar(None)  # pyright: ignore[reportArgumentType] (stub)
    kept = {name: pc.if_else(present, pc.field(name), null) for name in values}
    columns = {key: pc.field(key), **kept, _COMMIT: pc.field(_COMMIT)}
    return dataset.dataset(parents).to_table(columns=columns)
