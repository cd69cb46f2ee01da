"""The rows of a star table in source, warehouse and lake, in ascending order of their keys."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from psycopg import Connection, sql

from hedgehog_pipeline.extraction.source import SourceSnapshot
from hedgehog_pipeline.lake.commits import Part
from hedgehog_pipeline.lake.csv_reader import ReadPart, read_csv, read_part
from hedgehog_pipeline.lake.lake import Lake
from hedgehog_pipeline.lake.landed import History, existing_rows
from hedgehog_pipeline.lake.quarantine_csv import QuarantineEntry
from hedgehog_pipeline.model.columns import Column
from hedgehog_pipeline.model.model import Model
from hedgehog_pipeline.model.tables import DELETED, INGESTION_COMMIT, Fact, SourceTable, StarTable
from hedgehog_pipeline.postgres.key_ranges import KeyRanges
from hedgehog_pipeline.processing.transforms import transforms_of
from hedgehog_pipeline.reconciliation.checksums import (
    Line,
    canonical,
    canonical_columns,
    render_rows,
)
from hedgehog_pipeline.storage.views import current_view

_CHUNK_BYTES = 4 * 1024 * 1024
"""About how much CSV of the source is transformed at a time: it bounds the memory."""


def key_in(column: str, keys: KeyRanges | None) -> sql.Composable:
    """Return the SQL condition that a column has one of these keys, or any key for None."""
    if keys is None:
        return sql.SQL("true")
    if not keys:
        return sql.SQL("false")
    firsts, lasts = (list(edges) for edges in zip(*keys, strict=True))
    return sql.SQL(
        "coalesce({column} <= ({lasts}::bigint[])"
        "[width_bucket({column}::bigint, {firsts}::bigint[])], false)"
    ).format(column=sql.Identifier(column), firsts=sql.Literal(firsts), lasts=sql.Literal(lasts))


@dataclass(frozen=True)
class SourceSide:
    """A star table in the source: read like the lake's CSV, transformed by the same functions.

    A number counts as unreadable where it is read as another one than PostgreSQL itself writes. The
    parents of a joined table are read in full.
    """

    snapshot: SourceSnapshot
    model: Model
    table: StarTable

    def lines(self, keys: KeyRanges | None = None) -> Iterator[Line]:
        """Read the rows, or those of some keys."""
        subject = self.model.source[self.table.inputs[0]]
        transform = transforms_of(self.model)[self.table.name]
        parents = self._parents  # read first: only one COPY at a time
        for landed, unreadable in self._read(subject, keys):
            rows = transform.current(landed, *parents)
            lines = render_rows(rows, self.table.columns)
            readable = zip(_values(rows, self.table.key.name), lines, strict=True)
            yield from sorted([*readable, *((key, None) for key in unreadable)])

    @cached_property
    def _parents(self) -> list[pa.Table]:
        parents = (self.model.source[name] for name in self.table.inputs[1:])
        return [pa.concat_tables(rows for rows, _ in self._read(parent)) for parent in parents]

    def _read(
        self, table: SourceTable, keys: KeyRanges | None = None
    ) -> Iterator[tuple[pa.Table, set[int]]]:
        """Yield some of the readable rows, and the keys of the other rows in their range."""
        decimals = [c for c in table.columns if pa.types.is_decimal(c.type.arrow)]
        numbers = {f"#{index}": column for index, column in enumerate(decimals)}
        columns = [column.name for column in table.columns]
        query = sql.SQL("select {columns} from {table} where {where} order by {key}").format(
            columns=sql.SQL(", ").join([*map(sql.Identifier, columns), *_as_written(numbers)]),
            table=sql.Identifier(table.name),
            where=key_in(table.key, keys),
            key=sql.Identifier(table.key),
        )
        columns += numbers
        entries: list[QuarantineEntry] = []
        for body in _chunks(self.snapshot.rows(table, query, columns, entries)):
            part = Part(
                asset=f"oltp/{table.name}", key="", rows=0, bytes=len(body), columns=tuple(columns)
            )
            read = read_part(body, table, part, 0)
            wrong = _misread(body, read, table, numbers)
            faulty = [*(entry.key for entry in entries), *_values(read.faults, "key")]
            entries.clear()
            rows = read.rows.filter(~pc.field(table.key).isin(wrong)) if wrong else read.rows
            yield rows, {*map(int, faulty), *wrong}


def _as_written(numbers: Mapping[str, Column]) -> Iterator[sql.Composed]:
    """Select numbers as PostgreSQL itself writes them, each under its name in `numbers`."""
    for name, column in numbers.items():
        value = sql.SQL("{}::numeric").format(sql.Identifier(column.name))
        written = canonical(value, column)
        yield sql.SQL("{} as {}").format(written, sql.Identifier(name))


def _misread(
    body: bytes, read: ReadPart, table: SourceTable, numbers: Mapping[str, Column]
) -> list[int]:
    """Return the keys of rows with a number that was read as another one than PostgreSQL writes."""
    if not numbers:
        return []
    written = read_csv(body, dict.fromkeys(numbers, pa.string()))
    lines: Any = pa.array(range(1, written.num_rows + 1), pa.int64())
    unread: Any = pc.is_in(lines, value_set=read.faults["line"].combine_chunks())
    written = written.filter(pc.invert(unread))
    wrong: set[int] = set()
    for name, column in numbers.items():
        differs: Any = pc.not_equal(read.rows[column.name].cast(pa.string()), written[name])
        wrong.update(_values(read.rows.filter(differs), table.key))
    return sorted(wrong)


@dataclass(frozen=True)
class WarehouseSide:
    """A star table in the warehouse: the current rows, without deleted and inferred ones."""

    connection: Connection
    table: StarTable

    def lines(self, keys: KeyRanges | None = None) -> Iterator[Line]:
        """Read the rows, or those of some keys."""
        query = sql.SQL(
            "copy (select {values} from {rows} where {where} order by {key}) to stdout"
        ).format(
            values=canonical_columns(self.table.columns),
            rows=self._rows,
            where=key_in(self.table.key.name, keys),
            key=sql.Identifier(self.table.key.name),
        )
        with self.connection.cursor().copy(query) as copy:
            for row in copy:
                line = bytes(row).removesuffix(b"\n")
                yield int(line.partition(b"\t")[0]), line

    def commits(self, keys: KeyRanges) -> list[tuple[int, int]]:
        """Return the key and the ingestion commit of each row of these keys."""
        key = self.table.key.name
        query = sql.SQL("select {key}, ingestion_commit from {rows} where {where}").format(
            key=sql.Identifier(key), rows=self._rows, where=key_in(key, keys)
        )
        return self.connection.execute(query).fetchall()  # type: ignore[return-value]

    @property
    def _rows(self) -> sql.Composable:
        if isinstance(self.table, Fact):
            return sql.Identifier(current_view(self.table))
        return sql.SQL("(select * from {} where not deleted and not inferred) as stored").format(
            sql.Identifier(self.table.name)
        )


@dataclass(frozen=True)
class LakeRow:
    """A row of a star table, from its last capture.

    Attributes:
        line: its line; None where a later commit saw it deleted.
        commit: the ingestion commit of that capture or deletion.
    """

    line: bytes | None
    commit: int


@dataclass(frozen=True)
class LakeSide:
    """A star table in the lake, transformed by the same functions.

    Attributes:
        table: a table of the star that has a subject.
        number: the last ingestion commit to read.
    """

    lake: Lake
    model: Model
    table: StarTable
    number: int

    def rows(self, keys: Collection[int], until: float) -> dict[int, LakeRow | None]:
        """Read the newest rows of some keys, searching the log backwards.

        Args:
            keys: the keys to look up; the result leaves out those that never landed.
            until: the time of `monotonic()` at which the search ends; a key that was not found by
                then has None in the result.
        """
        subject, *parents = (self.model.source[name] for name in self.table.inputs)
        own = self.lake.landed(subject).newest_of(self.number, keys, until)
        rows = own.newest()
        existing = existing_rows(rows)
        histories: list[History] = []
        for parent in parents:
            references = _values(existing, subject.reference_to(parent.name))
            parent_keys = {key for key in references if key is not None}
            histories.append(self.lake.landed(parent).newest_of(self.number, parent_keys, until))
        if any(history.unsearched for history in histories):
            return dict.fromkeys(keys)
        parent_rows = (existing_rows(history.newest()) for history in histories)
        transform = transforms_of(self.model)[self.table.name]
        transformed = transform.current(existing, *parent_rows)
        lines = zip(
            _values(transformed, self.table.key.name),
            render_rows(transformed, self.table.columns),
            _values(transformed, INGESTION_COMMIT.name),
            strict=True,
        )
        deleted = rows.filter(pc.field(DELETED.name)).select([subject.key, INGESTION_COMMIT.name])
        return {
            **{key: LakeRow(line, commit) for key, line, commit in lines},
            **{
                key: LakeRow(None, commit)
                for key, commit in zip(*deleted.to_pydict().values(), strict=True)
            },
            **dict.fromkeys(own.unsearched),
        }


def _values(rows: pa.Table, column: str) -> list[Any]:
    return rows[column].to_pylist()


def _chunks(lines: Iterator[bytes | memoryview]) -> Iterator[bytes]:
    """Split CSV into chunks, each with the header; the last may have no other line."""
    header = bytes(next(lines))
    body = bytearray(header)
    for line in lines:
        body += line
        if len(body) >= _CHUNK_BYTES:
            yield bytes(body)
            body = bytearray(header)
    yield bytes(body)
