"""From what was landed to what a star table takes of it, a bounded table at a time."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import dataset

from hedgehog_pipeline.lake.commits import IngestionCommit
from hedgehog_pipeline.lake.landed import History, LandedTable
from hedgehog_pipeline.model.star import (
    DELETED,
    INGESTION_COMMIT,
    STAR,
    Dimension,
    Fact,
    StarTable,
)
from hedgehog_pipeline.processing.transforms import transforms_of

_COMMIT = INGESTION_COMMIT.name
TRANSFORMS = transforms_of(STAR.values())
"""The function of each table; a fault of one fails the loading of definitions, not a run."""


@dataclass(frozen=True)
class Transformed:
    """What ingestion commits bring to a star table, each to be read once, in this order.

    Attributes:
        rows: the rows of the table.
        tombstones: of a fact, the keys that the shop holds no more.
        quarantine: why rows are not among them; complete once the rows were read.
        readmitted: which rows came, or were gone, after one that is not; complete as those are.
    """

    rows: Iterator[pa.Table]
    tombstones: Iterator[pa.Table]
    quarantine: Iterator[pa.Table]
    readmitted: Iterator[pa.Table]


@dataclass(frozen=True)
class SideOutputs:
    """What is told beside the rows, gathered while they are read."""

    quarantine: list[pa.Table] = field(default_factory=list[pa.Table])
    readmitted: list[pa.Table] = field(default_factory=list[pa.Table])


def transform(
    table: StarTable,
    inputs: Mapping[str, LandedTable],
    commits: Sequence[IngestionCommit],
    *,
    restated: int,
) -> Transformed:
    """Shape what these commits bring to a star table.

    Args:
        table: what to shape.
        inputs: the shop's tables that it is made of.
        commits: the ingestion commits to handle, ascending.
        restated: where they were handled before, the last commit that was; 0 where they are new.
    """
    parents = [inputs[name] for name in table.inputs]
    told = SideOutputs()
    if table.as_of:
        rows = _joined(table, parents, commits, told, restated=restated)
    else:
        rows = _by_part(table, parents, commits, told)
    tombstones = _tombstones(parents[0], commits) if isinstance(table, Fact) else iter(())
    return Transformed(rows, tombstones, _each_of(told.quarantine), _each_of(told.readmitted))


def transform_current(table: StarTable, rows: pa.Table, *parents: pa.Table) -> pa.Table:
    """Shape rows that the shop holds, with the parents that a joined table joins."""
    living = pa.repeat(pa.scalar(False), rows.num_rows)  # noqa: FBT003 (a value)
    return _apply(table, rows.append_column(DELETED.name, living), *parents)


def _each_of(tables: list[pa.Table]) -> Iterator[pa.Table]:
    """Hand over what stands in the list by the time that somebody asks."""
    yield from tables


def _tombstones(subject: LandedTable, commits: Sequence[IngestionCommit]) -> Iterator[pa.Table]:
    for commit in commits:
        yield subject.tombstones_of(commit)


def _by_part(
    table: StarTable,
    parents: Sequence[LandedTable],
    commits: Sequence[IngestionCommit],
    told: SideOutputs,
) -> Iterator[pa.Table]:
    for commit in commits:
        for parent in parents:
            for part in parent.parts_of(commit):
                yield transform_current(table, part.rows)
                if table.subject:
                    told.quarantine.append(part.faults)
            if table.subject:
                told.quarantine.append(parent.entries_of(commit))
        subject = parents[0] if table.subject and isinstance(table, Dimension) else None
        if subject and commit.parts_of(subject.asset, "tombstones"):
            gone: list[Any] = subject.tombstones_of(commit)["key"].to_pylist()
            history = subject.history(commit.number, since=commit.number, keys=gone)
            yield _apply(table, _deleted_by(commit, history))
            told.readmitted.append(history.readmitted([commit.number]))


def _deleted_by(commit: IngestionCommit, history: History) -> pa.Table:
    """Give the last row of each key that was gone when the commit was made."""
    rows = history.newest()
    return rows.filter(pc.field(DELETED.name) & (pc.field(_COMMIT) == commit.number))


def _joined(
    table: StarTable,
    parents: Sequence[LandedTable],
    commits: Sequence[IngestionCommit],
    told: SideOutputs,
    *,
    restated: int,
) -> Iterator[pa.Table]:
    """Join the parents as they stood at the last of the commits.

    A member is stamped with the highest commit among its rows, and emitted by the run that
    handles that commit. So what a member looks like depends on its stamp alone, and commits can
    be handled in any order (docs/design.md, "Joined dimensions"). A row that can be taken only
    now also changes members whose other parent came later, so a restatement emits those as well,
    with the stamp that another version of the member gave them as long as this one was not read.
    """
    handled = [c.number for c in commits if any(c.touches(p.asset) for p in parents)]
    if not handled:
        return
    stamp = pc.field(_COMMIT)
    first, last = handled[0], max(handled[-1], restated)
    histories = [parent.history(last, since=first) for parent in parents]
    for parent, history in zip(parents, histories, strict=True):
        parent.keep_checkpoint(history, first - 1)
        told.quarantine.append(history.faults.filter(stamp.isin(handled)))
        told.readmitted.append(history.readmitted(handled))
    members, *others = (history.newest() for history in histories)
    others = [_without_deleted(rows) for rows in others]
    joined = _apply(table, members, *others)
    if restated:
        versions = transform_current(table, histories[0].versions, *others)
        joined = _with_greatest_stamp(joined, versions, table.key.name)
    yield joined.filter(stamp >= first if restated else stamp.isin(handled))


def _with_greatest_stamp(rows: pa.Table, versions: pa.Table, key: str) -> pa.Table:
    """Stamp rows with the greatest commit among all versions of their key."""
    stamps = versions.group_by(key).aggregate([(_COMMIT, "max")]).rename_columns([key, "greatest"])
    known = {name: pc.field(name) for name in rows.column_names}
    greatest = pc.max_element_wise(pc.field(_COMMIT), pc.field("greatest"))
    joined = dataset.dataset(rows.join(stamps, key))
    return joined.to_table(columns={**known, _COMMIT: greatest}).cast(rows.schema)


def _without_deleted(parents: pa.Table) -> pa.Table:
    """Leave of a parent that the shop deleted its key and the commit that saw it gone."""
    key, *values = (name for name in parents.column_names if name not in {_COMMIT, DELETED.name})
    living = ~pc.field(DELETED.name)
    nothing = pc.scalar(None)  # pyright: ignore[reportArgumentType] (stub)
    kept = {name: pc.if_else(living, pc.field(name), nothing) for name in values}
    columns = {key: pc.field(key), **kept, _COMMIT: pc.field(_COMMIT)}
    return dataset.dataset(parents).to_table(columns=columns)


def _apply(table: StarTable, *rows: pa.Table) -> pa.Table:
    """Call the table's function, and keep the declared columns in the declared types."""
    frames = (part.to_pandas(types_mapper=pd.ArrowDtype) for part in rows)
    frame = TRANSFORMS[table.name](*frames)
    return pa.Table.from_pandas(
        frame[table.arrow.names], schema=table.arrow, preserve_index=False
    ).replace_schema_metadata(None)
