"""How the shop's tables may drift from what is declared: what goes on, and what is refused.

A part holds the text that COPY writes, so a type will do if its text can be read as the declared
type. A wider type will do: a value that does not fit is told by whoever reads the part.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import pyarrow as pa

from hedgehog_pipeline.errors import HedgehogError
from hedgehog_pipeline.lake.commits import Fingerprint, IngestionCommit
from hedgehog_pipeline.lake.log import CommitLog
from hedgehog_pipeline.model.columns import (
    BIGINT,
    BOOLEAN,
    INTEGER,
    NAIVE_TIMESTAMP,
    TEXT,
    TEXT_DATE,
    Column,
    ColumnType,
)
from hedgehog_pipeline.model.registry import module_name
from hedgehog_pipeline.model.source import SOURCE, SourceTable

_INTEGERS = {"smallint", "integer", "bigint"}
_READABLE: dict[ColumnType, set[str]] = {
    INTEGER: _INTEGERS,
    BIGINT: _INTEGERS,
    BOOLEAN: {"boolean"},
    TEXT: {"date"},  # a day's text is the same, in the ISO style that a capture asks for
    TEXT_DATE: {"date"},
    NAIVE_TIMESTAMP: {"timestamp without time zone"},
}
_TEXTS = {"S", "E"}
"""PostgreSQL's categories of types whose value is its text: strings of any kind, enums."""

_ALIKE = {"text", "character varying"}
"""Types of which a value has the same text in each, so that ALTER TYPE writes no row."""

_PARTITIONED = "p"
_TABLES = {"r", _PARTITIONED}
"""PostgreSQL's letters for tables, partitioned ones included."""

_FOREIGN = "f"
_OTHERS = {"v": "view", "m": "materialized view", _FOREIGN: "foreign table"}


@dataclass(frozen=True)
class FoundColumn:
    """A column that the shop has.

    Attributes:
        name: its name.
        type: its type as PostgreSQL writes it, length and precision included.
        base: the type alone; of a domain, the type that it is over.
        category: PostgreSQL's category of that type (`pg_type.typcategory`).
        base_oid: that type's oid.
        number: its number, which no other column of the table ever gets.
        generated: digest of the expression that it is generated from whenever it is read, None
            where it is stored.
        not_null: whether a value is there in every row.
        unique: whether a valid unique index is on it, on nothing else and on all rows.
        labels: by oid, where that type is an enum.
    """

    name: str
    type: str
    base: str
    category: str
    base_oid: int
    number: int
    generated: str | None
    not_null: bool
    unique: bool
    labels: Mapping[int, str] | None


@dataclass(frozen=True)
class FoundHeir:
    """A table whose rows a SELECT of another one gives: a partition, or a child by INHERITS.

    Attributes:
        oid: PostgreSQL's number of it.
        name: its name.
        kind: PostgreSQL's letter for it (`pg_class.relkind`).
        attached: the transactions that attached it, and the tables between it and the other one.
    """

    oid: int
    name: str
    kind: str
    attached: str


@dataclass(frozen=True)
class FoundTable:
    """What the shop has under a table's name.

    Attributes:
        kind: PostgreSQL's letter for it (`pg_class.relkind`), None where there is nothing.
        oid: its number, None where there is nothing.
        columns: its columns, in order.
        heirs: the tables with rows of it, in the order of their oids.
    """

    kind: str | None
    oid: int | None
    columns: tuple[FoundColumn, ...]
    heirs: tuple[FoundHeir, ...]


def refuse_unreadable(tables: Sequence[SourceTable], found: Mapping[str, FoundTable]) -> None:
    """See that the star can be made of the tables that were found.

    Raises:
        HedgehogError: where it cannot; names every fault of every table.
    """
    lacking = [table.name for table in tables if found[table.name].kind is None]
    faults = [fault for table in tables for fault in _faults_of(table, found[table.name])]
    if lacking:
        where = "see that the source's secret names the shop's own database"
        faults.insert(0, f"it lacks a table: {', '.join(lacking)} ({where})")
    if faults:
        raise HedgehogError(
            f"The source has drifted from what the star needs: {'; '.join(faults)}. Bring it back "
            f"in the shop, or change the declaration in {module_name('shop')}."
        )


def fingerprint_of(table: SourceTable, found: FoundTable) -> Fingerprint:
    """Give what a SELECT of the declared columns of a table depends on, besides its rows.

    Left out is what changes nothing of it: columns that nobody declared, a type's length, a
    domain over the same type, indexes. A column that is added with a default has a number of its
    own; PostgreSQL forgets the default (`attmissingval`) once the table is written anew. The
    columns of a partition change only while it is detached, and another transaction attaches it.
    """
    assert found.oid is not None  # noqa: S101 (what is not there was refused)
    there = {column.name: column for column in found.columns}
    columns = [there[column.name] for column in table.columns]
    return Fingerprint(
        table=found.oid,
        columns={column.name: _told(column) for column in columns},
        labels={oid: label for c in columns for oid, label in (c.labels or {}).items()},
        partitions={heir.oid: heir.attached for heir in found.heirs},
    )


def _told(column: FoundColumn) -> str:
    kind = "text" if column.base in _ALIKE else str(column.base_oid)
    return " ".join(filter(None, (str(column.number), kind, column.generated)))


def undeclared(table: SourceTable, columns: Iterable[str]) -> list[str]:
    """Give those of the columns that no declaration names; they are landed all the same."""
    declared = {column.name for column in table.columns}
    return [name for name in columns if name not in declared]


def new_columns(
    commit: IngestionCommit, before: IngestionCommit | None, log: CommitLog[IngestionCommit]
) -> Iterator[tuple[SourceTable, list[str]]]:
    """Give the tables of which a commit landed undeclared columns for the first time, and these.

    Args:
        commit: what landed.
        before: the commit before it, if any.
        log: where both stand.
    """
    for table in SOURCE.values():
        if columns := undeclared(table, _columns_in(commit, table)):
            known = _columns_before(before, table, log)
            if new := [name for name in columns if name not in known]:
                yield table, new


def _columns_before(
    before: IngestionCommit | None, table: SourceTable, log: CommitLog[IngestionCommit]
) -> tuple[str, ...]:
    """Give the columns of the last rows that were captured up to a commit, none without any.

    What landed after them may be tombstones, what was told, or a file's declared columns.
    """
    base = before.base.get(table.name) if before else None
    while base and base.landed:
        landed = log.read(base.landed)
        columns = _columns_in(landed, table)
        if columns and landed.kind != "inbox":
            return columns
        base = log.read(landed.number - 1).base.get(table.name) if landed.number > 1 else None
    return ()


def _columns_in(commit: IngestionCommit, table: SourceTable) -> tuple[str, ...]:
    parts = commit.parts_of(f"oltp/{table.name}")
    return parts[0].columns if parts else ()


def _faults_of(table: SourceTable, found: FoundTable) -> Iterator[str]:
    if found.kind is None:
        return
    if found.kind not in _TABLES:
        yield (
            f"{table.name} is a {_OTHERS.get(found.kind, 'relation')}, not a table, whose rows "
            "carry the transactions that wrote them (xmin)"
        )
        return
    yield from _faults_of_heirs(table, found)
    columns = {column.name: column for column in found.columns}
    if missing := [column.name for column in table.columns if column.name not in columns]:
        others = ", ".join(undeclared(table, columns))
        hint = f" (it has {others}, which no declaration names)" if others else ""
        yield f"{table.name} has no column {', '.join(missing)}{hint}"
    for column in table.columns:
        if column.name in columns and not _is_readable(column, columns[column.name]):
            yield _retyped(table, column, columns[column.name])
    if table.key in columns:
        yield from _faults_of_key(table, found, columns[table.key])


def _faults_of_heirs(table: SourceTable, found: FoundTable) -> Iterator[str]:
    if found.kind == _PARTITIONED:
        if foreign := ", ".join(heir.name for heir in found.heirs if heir.kind == _FOREIGN):
            yield (
                f"{table.name} has the foreign table {foreign} for a partition, whose rows do not "
                "carry the transactions that wrote them (xmin): detach it"
            )
    elif found.heirs:
        heirs = ", ".join(heir.name for heir in found.heirs)
        yield (
            f"{table.name} gives the rows of {heirs} as its own, which inherit from it, and no "
            "index keeps a key unique among several tables: ALTER TABLE ... NO INHERIT, or make "
            "it a partitioned table"
        )


def _faults_of_key(table: SourceTable, found: FoundTable, key: FoundColumn) -> Iterator[str]:
    where = f"{table.name}.{key.name}"
    if not key.unique:
        cure = f"CREATE UNIQUE INDEX CONCURRENTLY ON {table.name} ({key.name})"
        if found.kind == _PARTITIONED:
            cure = (
                f"PostgreSQL keeps a key unique among partitions where {key.name} alone partitions "
                f"the table: make it so, by ranges, and CREATE UNIQUE INDEX ON {table.name} "
                f"({key.name})"
            )
        yield (
            f"{where} is no key: no valid unique index is on {key.name} alone, and of rows that "
            f"share a key all but one would be lost ({cure})"
        )
    elif not key.not_null:
        yield (
            f"{where} is no key: it may be NULL (ALTER TABLE {table.name} ALTER {key.name} SET NOT "
            "NULL, or VALIDATE CONSTRAINT where it has one)"
        )


def _is_readable(column: Column, found: FoundColumn) -> bool:
    if column.type in {TEXT, TEXT_DATE} and found.category in _TEXTS:
        return True
    if pa.types.is_decimal(column.type.arrow):
        return found.base in {*_INTEGERS, "numeric"}
    return found.base in _READABLE.get(column.type, {column.type.sql})


def _retyped(table: SourceTable, column: Column, found: FoundColumn) -> str:
    fault = (
        f"{table.name}.{column.name} is {found.type}, whose text cannot be read as "
        f"{column.type.sql}"
    )
    if column.type == NAIVE_TIMESTAMP and found.base == "timestamp with time zone":
        return f"{fault}: it carries a zone, and the shop's times are naive"
    return fault
