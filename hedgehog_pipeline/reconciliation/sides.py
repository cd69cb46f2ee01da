"""The rows of a star table as either side has them, in the order of their keys."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from psycopg import Connection, sql

from hedgehog_pipeline.extraction.source import SourceSnapshot
from hedgehog_pipeline.lake.commits import Part
from hedgehog_pipeline.lake.csv_reader import ReadPart, landed_schema, read_csv, read_part
from hedgehog_pipeline.lake.lake import Lake
from hedgehog_pipeline.lake.quarantine_csv import QuarantineEntry
from hedgehog_pipeline.model.columns import Column
from hedgehog_pipeline.model.source import SOURCE, SourceTable
from hedgehog_pipeline.model.star import DELETED, INGESTION_COMMIT, Fact, StarTable
from hedgehog_pipeline.postgres.key_ranges import KeyRanges
from hedgehog_pipeline.processing.transform import transform_current
from hedgehog_pipeline.reconciliation.checksums import Line, in_one_spelling, lines_of, selected
from hedgehog_pipeline.storage.views import current_view

_ALL = sql.SQL("true")

_CHUNK_BYTES = 4 * 1024 * 1024
"""About so much CSV of the shop is shaped at a time, which bounds the memory."""


def among(column: str, keys: KeyRanges) -> sql.Composable:
    """Give the SQL condition that a column holds one of these keys."""
    if not keys:
        return sql.SQL("false")
    firsts, lasts = (list(edges) for edges in zip(*keys, strict=True))
    return sql.SQL(
        "coalesce({column} <= ({lasts}::bigint[])"
        "[width_bucket({column}::bigint, {firsts}::bigint[])], false)"
    ).format(column=sql.Identifier(column), firsts=sql.Literal(firsts), lasts=sql.Literal(lasts))


@dataclass(frozen=True)
class SourceSide:
    """A star table as the shop has it: read as the lake's CSV is, shaped by the same functions.

    A number that is read as another one than PostgreSQL itself writes counts as one that cannot be
    read. The parents of a joined table are read whole.
    """

    moment: SourceSnapshot
    table: StarTable

    def lines(self, keys: KeyRanges | None = None) -> Iterator[Line]:
        """Read the rows, or those of some keys."""
        subject, *_ = self._tables
        where = _ALL if keys is None else among(subject.key, keys)
        parents = self._parents  # read before: one COPY at a time
        for part in self._read(subject, where):
            rows = transform_current(self.table, part.rows, *parents)
            keys = _values(rows, self.table.key.name)
            readable = zip(keys, lines_of(rows, self.table.columns), strict=True)
            yield from sorted([*readable, *((key, None) for key in part.unreadable)])

    @property
    def _tables(self) -> list[SourceTable]:
        return [SOURCE[name] for name in self.table.inputs]

    @cached_property
    def _parents(self) -> list[pa.Table]:
        _, *parents = self._tables
        return [
            pa.concat_tables(
                [
                    landed_schema(parent).empty_table(),
                    *(part.rows for part in self._read(parent, _ALL)),
                ]
            )
            for parent in parents
        ]

    def _read(self, table: SourceTable, where: sql.Composable) -> Iterator["_Rows"]:
        decimals = [c for c in table.columns if pa.types.is_decimal(c.type.arrow)]
        numbers = {f"#{place}": column for place, column in enumerate(decimals)}
        columns = [column.name for column in table.columns]
        query = sql.SQL("select {columns} from {table} where {where} order by {key}").format(
            columns=sql.SQL(", ").join([*map(sql.Identifier, columns), *_as_written(numbers)]),
            table=sql.Identifier(table.name),
            where=where,
            key=sql.Identifier(table.key),
        )
        columns += numbers
        told: list[QuarantineEntry] = []
        for body in _chunks(self.moment.rows(table, query, columns, told)):
            part = Part(
                asset=f"oltp/{table.name}",
                key="",
                rows=0,
                bytes=len(body),
                columns=tuple(columns),
            )
            read = read_part(body, table, part, 0)
            wrong = _misread(body, read, table, numbers)
            keys = [*(entry.key for entry in told), *_values(read.faults, "key")]
            told.clear()
            rows = read.rows.filter(~pc.field(table.key).isin(wrong)) if wrong else read.rows
            yield _Rows(rows, {*map(int, keys), *wrong})


@dataclass(frozen=True)
class _Rows:
    """Some of a table's rows.

    Attributes:
        rows: those that can be read.
        unreadable: the keys of those between them that cannot.
    """

    rows: pa.Table
    unreadable: set[int]


def _as_written(numbers: Mapping[str, Column]) -> Iterator[sql.Composed]:
    """Ask for numbers as PostgreSQL itself writes them, each under a name of its own."""
    for name, column in numbers.items():
        value = sql.SQL("{}::numeric").format(sql.Identifier(column.name))
        written = in_one_spelling(value, column)
        yield sql.SQL("{} as {}").format(written, sql.Identifier(name))


def _misread(
    body: bytes, read: ReadPart, table: SourceTable, numbers: Mapping[str, Column]
) -> list[int]:
    """Give the keys of rows of which a number was read as another one than PostgreSQL writes."""
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
    """A star table as the warehouse has it: what stands there for a row that the shop holds."""

    connection: Connection
    table: StarTable

    def lines(self, keys: KeyRanges | None = None) -> Iterator[Line]:
        """Read the rows, or those of some keys."""
        query = sql.SQL(
            "copy (select {values} from {rows} where {where} order by {key}) to stdout"
        ).format(
            values=selected(self.table.columns),
            rows=self._rows,
            where=_ALL if keys is None else among(self.table.key.name, keys),
            key=sql.Identifier(self.table.key.name),
        )
        with self.connection.cursor().copy(query) as copy:
            for row in copy:
                line = bytes(row).removesuffix(b"\n")
                yield int(line.partition(b"\t")[0]), line

    def commits(self, keys: KeyRanges) -> list[tuple[int, int]]:
        """Give the key and the ingestion commit of each row of these keys."""
        key = self.table.key.name
        query = sql.SQL("select {key}, ingestion_commit from {rows} where {where}").format(
            key=sql.Identifier(key), rows=self._rows, where=among(key, keys)
        )
        return self.connection.execute(query).fetchall()  # type: ignore[return-value]

    @property
    def _rows(self) -> sql.Composable:
        if isinstance(self.table, Fact):
            return sql.Identifier(current_view(self.table))
        return sql.SQL("(select * from {} where not deleted and not inferred) as held").format(
            sql.Identifier(self.table.name)
        )


@dataclass(frozen=True)
class LakeRow:
    """A row of a star table as it was captured last.

    Attributes:
        line: its line; None where the shop was seen without it since.
        commit: the ingestion commit that saw it so.
    """

    line: bytes | None
    commit: int


@dataclass(frozen=True)
class LakeSide:
    """A star table as it was captured, shaped by the same functions.

    Attributes:
        lake: whose ingestion log is read.
        table: of the star, which has a subject.
        number: of the last ingestion commit that counts.
    """

    lake: Lake
    table: StarTable
    number: int

    def rows(self, keys: Collection[int], until: float) -> dict[int, LakeRow | None]:
        """Read the newest rows of keys, the log from its end.

        Args:
            keys: whose rows are wanted; one of which nothing ever landed is left out.
            until: the moment of `monotonic()` at which the search ends; a key of which nothing was
                met by then has None.
        """
        subject, *parents = (SOURCE[name] for name in self.table.inputs)
        own = self.lake.landed(subject).newest_of(self.number, keys, until)
        rows = own.newest()
        living = living_of(rows)
        histories = [
            self.lake.landed(parent).newest_of(
                self.number, named_in(living, subject, parent), until
            )
            for parent in parents
        ]
        if any(history.unsought for history in histories):
            return dict.fromkeys(keys)
        shaped = transform_current(self.table, living, *(living_of(h.newest()) for h in histories))
        lines = zip(
            _values(shaped, self.table.key.name),
            lines_of(shaped, self.table.columns),
            _values(shaped, INGESTION_COMMIT.name),
            strict=True,
        )
        gone = rows.filter(pc.field(DELETED.name)).select([subject.key, INGESTION_COMMIT.name])
        return {
            **{key: LakeRow(line, commit) for key, line, commit in lines},
            **{
                key: LakeRow(None, commit)
                for key, commit in zip(*gone.to_pydict().values(), strict=True)
            },
            **dict.fromkeys(own.unsought),
        }


def living_of(rows: pa.Table) -> pa.Table:
    """Leave of the newest rows of keys those that the shop was not seen without since."""
    return rows.filter(~pc.field(DELETED.name)).drop_columns([DELETED.name])


def named_in(rows: pa.Table, subject: SourceTable, parent: SourceTable) -> set[int]:
    """Give the keys of the parent's rows to which rows of the subject refer."""
    (reference,) = (c.name for c in subject.columns if c.references == parent.name)
    return {key for key in _values(rows, reference) if key is not None}


def _values(rows: pa.Table, column: str) -> list[Any]:
    return rows[column].to_pylist()


def _chunks(lines: Iterator[bytes | memoryview]) -> Iterator[bytes]:
    """Cut CSV into pieces, each with the header; the last may hold nothing else."""
    header = bytes(next(lines))
    body = bytearray(header)
    for line in lines:
        body += line
        if len(body) >= _CHUNK_BYTES:
            yield bytes(body)
            body = bytearray(header)
    yield bytes(body)
