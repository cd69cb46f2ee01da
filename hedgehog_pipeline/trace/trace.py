"""A record of the warehouse followed back: every version, to its Parquet and its CSV.

Nothing is searched for: a row names its commits, and these name the objects that hold it.
"""

import io
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Literal

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from hedgehog_pipeline.errors import HedgehogError
from hedgehog_pipeline.lake.batch import batch_moment
from hedgehog_pipeline.lake.csv_reader import landed_schema
from hedgehog_pipeline.lake.lake import Lake
from hedgehog_pipeline.lake.parts import read_as
from hedgehog_pipeline.model.columns import DATE
from hedgehog_pipeline.model.source import SOURCE
from hedgehog_pipeline.model.star import INGESTION_COMMIT, Fact, StarTable
from hedgehog_pipeline.monitoring.quarantine import Entry, read_entries
from hedgehog_pipeline.processing.transform import transform_current
from hedgehog_pipeline.reconciliation.sides import living_of
from hedgehog_pipeline.storage.backlog import confirm_loaded
from hedgehog_pipeline.storage.warehouse import Warehouse
from hedgehog_pipeline.trace.landed_rows import LandedRow, LandedRows
from hedgehog_pipeline.trace.warehouse_rows import Key, WarehouseRow, deletions_of_key, rows_of_key

_NUMBER = re.compile("-?[0-9]{1,19}")
_BIGINTS = range(-(2**63), 2**63)


@dataclass(frozen=True)
class Transformation:
    """The processing that made a row of the star.

    Attributes:
        commit: number of the processed commit.
        kind: `processed`, or a `restatement` where the row was made anew.
        processed_at: when it began, UTC.
        part: `s3://` address of the Parquet object; None where no part of the commit holds the
            row, which Hedgehog therefore did not write.
        row: the columns that the object holds of it.
        older: the columns that were declared, or declared as they are now, after it was shaped:
            `hedgehog migrate` gave the warehouse a value that stands in no object.
    """

    commit: int
    kind: Literal["processed", "restatement"]
    processed_at: datetime
    part: str | None
    row: Mapping[str, Any]
    older: tuple[str, ...]


@dataclass(frozen=True)
class Disagreement:
    """A column of a version of which the places that hold it tell different values.

    Attributes:
        column: its name.
        values: what stands in the CSV, once it is shaped, in the Parquet and in the warehouse;
            those that hold the row.
    """

    column: str
    values: Mapping[str, Any]


@dataclass(frozen=True)
class Version:
    """A version of a record, and what it is made of.

    Attributes:
        held: the row as the warehouse holds it.
        shaping: what made it; None of an inferred member.
        landings: the rows of the shop that it is made of: its own, then its parents'; of a day the
            first that mentions it.
        disagreements: where CSV, Parquet and warehouse are not at one.
    """

    held: WarehouseRow
    shaping: Transformation | None
    landings: tuple[LandedRow, ...]
    disagreements: tuple[Disagreement, ...]


@dataclass(frozen=True)
class Trace:
    """All that is known of a record.

    Attributes:
        table: the warehouse's table.
        key: the key in the shop's terms.
        versions: those that the warehouse holds, the one captured last at the end: of a fact every
            one, of a dimension the newest.
        deletions: when the shop was seen without it.
        quarantine: values for which a row of it, or of its parents, could not be taken.
        waiting: how many ingestion commits are not in the warehouse yet.
    """

    table: str
    key: str
    versions: tuple[Version, ...]
    deletions: tuple[LandedRow, ...]
    quarantine: tuple[Entry, ...]
    waiting: int


def trace(lake: Lake, warehouse: Warehouse, table: StarTable, text: str) -> Trace:
    """Follow a record back.

    Args:
        lake: the two logs.
        warehouse: the warehouse, prepared or not.
        table: of the star.
        text: the key in the shop's terms: a whole number, or a day.

    Raises:
        HedgehogError: where the text is no key, nothing is known of it, or lake and warehouse do
            not belong together.
    """
    key = _key_of(table, text)
    if not warehouse.is_prepared():
        raise HedgehogError("The warehouse holds nothing yet: `hedgehog run` fills it.")
    lake.confirm_source()
    confirm_loaded(lake, warehouse)
    found = _Tracer(lake, warehouse, table, key, LandedRows(lake)).found()
    if not (found.versions or found.deletions or found.quarantine):
        raise HedgehogError(_nowhere(found, table))
    return found


@dataclass(frozen=True)
class _Tracer:
    lake: Lake
    warehouse: Warehouse
    table: StarTable
    key: Key
    landings: LandedRows

    def found(self) -> Trace:
        versions: list[Version] = []
        deletions = list(self._deletions())
        for held in rows_of_key(self.warehouse, self.table, self.key):
            rows, gone = self._made_of(held)
            shaping = self._shaping(held)
            places = {
                "CSV": self._captured(rows, held.ingestion_commit),
                "Parquet": shaping.row if shaping else {},
                "warehouse": held.row,
            }
            older = shaping.older if shaping else ()
            versions.append(Version(held, shaping, rows, tuple(_disagreements(places, older))))
            deletions += gone
        return Trace(
            self.table.name,
            str(self.key),
            tuple(versions),
            tuple(deletions),
            tuple(self._quarantine(versions)),
            self.lake.ingestion.end() - self.warehouse.loaded_through(),
        )

    def _made_of(self, held: WarehouseRow) -> tuple[tuple[LandedRow, ...], tuple[LandedRow, ...]]:
        """Give the rows of the shop that a row is made of, and the tombstone that marks it."""
        number = held.ingestion_commit
        if not number:
            return (), ()
        if isinstance(self.key, date):
            mention = self.landings.mention(self.table, self.key, number)
            return _those(mention), ()
        subject = SOURCE[self.table.inputs[0]]
        if not self.table.as_of and not held.deleted:
            return (self.landings.in_commit(subject, str(self.key), number),), ()
        own = self.landings.as_of(subject, str(self.key), number)
        parents = (
            self.landings.as_of(SOURCE[name], key, number).row
            for name, key in _parents(self.table, own.row)
        )
        return _those(own.row, *parents), _those(own.gone)

    def _deletions(self) -> Iterator[LandedRow]:
        if not isinstance(self.table, Fact):
            return
        for number in deletions_of_key(self.warehouse, self.table, self.key):
            subject = SOURCE[self.table.inputs[0]]
            yield self.landings.in_commit(subject, str(self.key), number, "tombstones")

    def _shaping(self, held: WarehouseRow) -> Transformation | None:
        if not held.processed_commit:
            return None
        bucket, commit = self.lake.processed.bucket, self.lake.processed.read(held.processed_commit)
        key, stamp = self.table.key.name, INGESTION_COMMIT.name
        wanted = (pc.field(key) == self.key) & (pc.field(stamp) == held.ingestion_commit)

        def those(body: bytes) -> pa.Table:
            return pq.read_table(io.BytesIO(body), filters=wanted)

        found = (
            (f"s3://{bucket.name}/{part.key}", row, _older(self.table, rows.schema, row))
            for part in commit.parts_of(f"star/{self.table.name}")
            for rows in [read_as(bucket, part, those)]
            for row in rows.to_pylist()
        )
        part, row, older = next(found, (None, {}, ()))
        return Transformation(
            commit.number, commit.kind, batch_moment(commit.batch), part, row, older
        )

    def _captured(self, landings: Collection[LandedRow], number: int) -> Mapping[str, Any]:
        """Shape the row anew of the CSV; nothing of a day, and of a row that cannot be taken."""
        if isinstance(self.key, date) or not landings:
            return {}
        subject, *parents = (SOURCE[name] for name in self.table.inputs)
        rows = {parent.name: landed_schema(parent).empty_table() for parent in parents}
        for landing in landings:
            history = self.landings.history(SOURCE[landing.table], landing.key, number)
            is_it = pc.field(INGESTION_COMMIT.name) == landing.commit
            rows[landing.table] = (
                history.versions.filter(is_it)
                if landing.table == subject.name
                else living_of(history.newest())
            )
        own = rows.pop(subject.name)
        return next(iter(transform_current(self.table, own, *rows.values()).to_pylist()), {})

    def _quarantine(self, versions: Iterable[Version]) -> Iterator[Entry]:
        """Read what was told of the row itself, and of the parents that it has had."""
        if not self.table.subject:
            return
        landed = (landing for version in versions for landing in version.landings)
        of_parents = (row for own in landed for row in _parents(self.table, own))
        for row in dict.fromkeys([(self.table.subject, str(self.key)), *of_parents]):
            yield from read_entries(self.warehouse, closed=True, row=row)


def _older(table: StarTable, schema: pa.Schema, row: Mapping[str, Any]) -> tuple[str, ...]:
    """Name the columns that a part lacks, holds in another type, or without a value to default."""
    types = dict(zip(schema.names, schema.types, strict=True))
    return tuple(
        column.name
        for column in table.columns
        if types.get(column.name) != column.type.arrow
        or (row[column.name] is None and not column.nullable)
    )


def _disagreements(
    places: Mapping[str, Mapping[str, Any]], older: Collection[str]
) -> Iterator[Disagreement]:
    """Compare the columns that analysts query, as far as a place holds them."""
    for column in places["warehouse"]:
        if column in older:
            continue
        values = {place: row[column] for place, row in places.items() if column in row}
        if any(value != values["warehouse"] for value in values.values()):
            yield Disagreement(column, values)


def _parents(table: StarTable, own: LandedRow | None) -> Iterator[tuple[str, str]]:
    """Name the rows that a row of a joined table refers to: the shop's table, and the key."""
    if own is None or own.table != table.subject:
        return
    for name in table.inputs[1:]:
        columns = (c.name for c in SOURCE[own.table].columns if c.references == name)
        if key := own.row.get(next(columns)):
            yield name, key


def _those(*landings: LandedRow | None) -> tuple[LandedRow, ...]:
    return tuple(landing for landing in landings if landing)


def _key_of(table: StarTable, text: str) -> Key:
    if table.key.type == DATE:
        with suppress(ValueError):
            return date.fromisoformat(text)
        raise HedgehogError(f"{text!r} is no key of {table.name}: give a day, such as 2026-11-22.")
    if not _NUMBER.fullmatch(text) or int(text) not in _BIGINTS:
        raise HedgehogError(
            f"{text!r} is no key of {table.name}: give a whole number of at most 64 bits."
        )
    return int(text)


def _nowhere(found: Trace, table: StarTable) -> str:
    places = [table.name]
    places += ["hedgehog.tombstones"] if isinstance(table, Fact) else []
    places += ["hedgehog.quarantine"] if table.subject else []
    waiting = (
        f"{found.waiting} landed commits wait and were not looked into: `hedgehog run` loads them."
        if found.waiting
        else "No landed commit waits: where the shop holds it, `hedgehog run` captures it."
    )
    return (
        f"{table.name} {found.key} is nowhere in the warehouse. Looked into were "
        f"{', '.join(places)}. {waiting}"
    )
