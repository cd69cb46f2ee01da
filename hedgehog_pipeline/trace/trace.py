"""Trace a row of the warehouse: each version back to its Parquet and its CSV.

Nothing is searched: a row names its commits, and the commits name the objects that contain it.
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
from hedgehog_pipeline.lake.batch import batch_time
from hedgehog_pipeline.lake.csv_reader import landed_schema
from hedgehog_pipeline.lake.lake import Lake
from hedgehog_pipeline.lake.parts import read_as
from hedgehog_pipeline.model.columns import DATE
from hedgehog_pipeline.model.tables import INGESTION_COMMIT, Fact, SourceTable, StarTable
from hedgehog_pipeline.monitoring.quarantine import Entry, read_entries
from hedgehog_pipeline.processing.transforms import transforms_of
from hedgehog_pipeline.reconciliation.sides import existing_rows
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
        kind: `processed`, or `restatement` where the row was processed again.
        processed_at: when the processing began, UTC.
        part: `s3://` address of the Parquet object; None where no part of the commit has the row:
            Hedgehog did not write it.
        row: the columns of the row in that object.
        older: the columns that were declared or changed after the row was transformed: the value in
            the warehouse came from `hedgehog migrate`, and is in no object.
    """

    commit: int
    kind: Literal["processed", "restatement"]
    processed_at: datetime
    part: str | None
    row: Mapping[str, Any]
    older: tuple[str, ...]


@dataclass(frozen=True)
class Disagreement:
    """A column of a version whose value differs between CSV, Parquet and warehouse.

    Attributes:
        column: its name.
        values: the values in the CSV (transformed), in the Parquet and in the warehouse; a place
            without the row is left out.
    """

    column: str
    values: Mapping[str, Any]


@dataclass(frozen=True)
class Version:
    """A version of a row, and its inputs.

    Attributes:
        held: the row in the warehouse.
        shaping: the processing that made it; None for an inferred member.
        landings: the source rows that it was made from: its own, then its parents'; for a day the
            first row that mentions it.
        disagreements: the columns in which CSV, Parquet and warehouse differ.
    """

    held: WarehouseRow
    shaping: Transformation | None
    landings: tuple[LandedRow, ...]
    disagreements: tuple[Disagreement, ...]


@dataclass(frozen=True)
class Trace:
    """All that is known of a row.

    Attributes:
        table: the warehouse's table.
        key: the key as the source has it.
        versions: the versions in the warehouse, the latest last: every one of a fact, the newest of
            a dimension.
        deletions: the tombstones of the key.
        quarantine: the quarantine entries of the row and of its parents.
        waiting: how many ingestion commits are not loaded yet.
    """

    table: str
    key: str
    versions: tuple[Version, ...]
    deletions: tuple[LandedRow, ...]
    quarantine: tuple[Entry, ...]
    waiting: int


def trace(lake: Lake, warehouse: Warehouse, table: StarTable, text: str) -> Trace:
    """Trace a row back to the objects that contain it.

    Args:
        lake: the two logs.
        warehouse: the warehouse, prepared or not.
        table: the table of the star.
        text: the key as the source has it: an integer, or a day.

    Raises:
        HedgehogError: where the text is not a key, nothing is known of it, or lake and warehouse do
            not belong together.
    """
    key = _key_of(table, text)
    if not warehouse.is_prepared():
        raise HedgehogError("The warehouse holds nothing yet: `hedgehog run` fills it.")
    lake.confirm_source()
    confirm_loaded(lake, warehouse)
    found = _Tracer(lake, warehouse, table, key, LandedRows(lake, warehouse.model.source)).trace()
    if not (found.versions or found.deletions or found.quarantine):
        raise HedgehogError(_not_found(found, table))
    return found


@dataclass(frozen=True)
class _Tracer:
    lake: Lake
    warehouse: Warehouse
    table: StarTable
    key: Key
    landed_rows: LandedRows

    @property
    def _source(self) -> Mapping[str, SourceTable]:
        return self.warehouse.model.source

    def trace(self) -> Trace:
        versions: list[Version] = []
        deletions = list(self._deletions())
        for row in rows_of_key(self.warehouse, self.table, self.key):
            inputs, tombstones = self._inputs(row)
            transformation = self._transformation(row)
            places = {
                "CSV": self._from_csv(inputs, row.ingestion_commit),
                "Parquet": transformation.row if transformation else {},
                "warehouse": row.row,
            }
            older = transformation.older if transformation else ()
            disagreements = tuple(_disagreements(places, older))
            versions.append(Version(row, transformation, inputs, disagreements))
            deletions += tombstones
        return Trace(
            self.table.name,
            str(self.key),
            tuple(versions),
            tuple(deletions),
            tuple(self._quarantine(versions)),
            self.lake.ingestion.end() - self.warehouse.loaded_through(),
        )

    def _inputs(self, row: WarehouseRow) -> tuple[tuple[LandedRow, ...], tuple[LandedRow, ...]]:
        """Return the source rows that a row was made from, and the tombstone that deleted it."""
        number = row.ingestion_commit
        if not number:
            return (), ()
        if isinstance(self.key, date):
            mention = self.landed_rows.first_mention(self.table, self.key, number)
            return _existing(mention), ()
        subject = self._source[self.table.inputs[0]]
        if not self.table.as_of and not row.deleted:
            return (self.landed_rows.in_commit(subject, str(self.key), number),), ()
        own = self.landed_rows.as_of(subject, str(self.key), number)
        parents = (
            self.landed_rows.as_of(self._source[name], key, number).row
            for name, key in self._parents(own.row)
        )
        return _existing(own.row, *parents), _existing(own.tombstone)

    def _deletions(self) -> Iterator[LandedRow]:
        if not isinstance(self.table, Fact):
            return
        for number in deletions_of_key(self.warehouse, self.table, self.key):
            subject = self._source[self.table.inputs[0]]
            yield self.landed_rows.in_commit(subject, str(self.key), number, "tombstones")

    def _transformation(self, row: WarehouseRow) -> Transformation | None:
        if not row.processed_commit:
            return None
        bucket, commit = self.lake.processed.bucket, self.lake.processed.read(row.processed_commit)
        key, stamp = self.table.key.name, INGESTION_COMMIT.name
        is_row = (pc.field(key) == self.key) & (pc.field(stamp) == row.ingestion_commit)

        def read(body: bytes) -> pa.Table:
            return pq.read_table(io.BytesIO(body), filters=is_row)

        found = (
            (f"s3://{bucket.name}/{part.key}", values, _older(self.table, rows.schema, values))
            for part in commit.parts_of(f"star/{self.table.name}")
            for rows in [read_as(bucket, part, read)]
            for values in rows.to_pylist()
        )
        part, values, older = next(found, (None, {}, ()))
        return Transformation(
            commit.number, commit.kind, batch_time(commit.batch), part, values, older
        )

    def _from_csv(self, inputs: Collection[LandedRow], number: int) -> Mapping[str, Any]:
        """Transform the landed rows again; empty for a day, and for a row that is not valid."""
        if isinstance(self.key, date) or not inputs:
            return {}
        subject, *parents = (self._source[name] for name in self.table.inputs)
        rows = {parent.name: landed_schema(parent).empty_table() for parent in parents}
        for landed in inputs:
            history = self.landed_rows.history(self._source[landed.table], landed.key, number)
            is_version = pc.field(INGESTION_COMMIT.name) == landed.commit
            rows[landed.table] = (
                history.versions.filter(is_version)
                if landed.table == subject.name
                else existing_rows(history.newest())
            )
        own = rows.pop(subject.name)
        transform = transforms_of(self.warehouse.model)[self.table.name]
        return next(iter(transform.current(own, *rows.values()).to_pylist()), {})

    def _quarantine(self, versions: Iterable[Version]) -> Iterator[Entry]:
        """Read the quarantine entries of the row itself and of all its parents so far."""
        if not self.table.subject:
            return
        landed = (row for version in versions for row in version.landings)
        of_parents = (parent for own in landed for parent in self._parents(own))
        for row in dict.fromkeys([(self.table.subject, str(self.key)), *of_parents]):
            yield from read_entries(self.warehouse, closed=True, row=row)

    def _parents(self, own: LandedRow | None) -> Iterator[tuple[str, str]]:
        """Yield the rows that a row of a joined table references: source table and key."""
        if own is None or own.table != self.table.subject:
            return
        for name in self.table.inputs[1:]:
            columns = (c.name for c in self._source[own.table].columns if c.references == name)
            if key := own.row.get(next(columns)):
                yield name, key


def _older(table: StarTable, schema: pa.Schema, row: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the columns that a part lacks, has in another type, or has without a default."""
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
    """Compare the columns that analysts query, in each place that has the row."""
    for column in places["warehouse"]:
        if column in older:
            continue
        values = {place: row[column] for place, row in places.items() if column in row}
        if any(value != values["warehouse"] for value in values.values()):
            yield Disagreement(column, values)


def _existing(*rows: LandedRow | None) -> tuple[LandedRow, ...]:
    return tuple(row for row in rows if row)


def _key_of(table: StarTable, text: str) -> Key:
    if table.key.type == DATE:
        with suppress(ValueError):
            return date.fromisoformat(text)
        raise HedgehogError(
            f"{text!r} is not a key of {table.name}: give a day, such as 2026-11-22."
        )
    if not _NUMBER.fullmatch(text) or int(text) not in _BIGINTS:
        raise HedgehogError(
            f"{text!r} is not a key of {table.name}: give an integer of at most 64 bits."
        )
    return int(text)


def _not_found(found: Trace, table: StarTable) -> str:
    searched = [table.name]
    searched += ["hedgehog.tombstones"] if isinstance(table, Fact) else []
    searched += ["hedgehog.quarantine"] if table.subject else []
    waiting = (
        f"{found.waiting} landed commits are not loaded yet and were not searched: `hedgehog run` "
        "loads them."
        if found.waiting
        else "Every landed commit is loaded: if the source has the key, `hedgehog run` captures it."
    )
    return (
        f"{table.name} {found.key} is not in the warehouse. Searched: {', '.join(searched)}. "
        f"{waiting}"
    )
