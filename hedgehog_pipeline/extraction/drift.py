"""Schema drift: which differences between a source table and its declaration are allowed.

A part has the text that COPY writes. So another type is allowed if its text can be read as the
declared type. A wider type is allowed too: the reader of the part quarantines a value that does
not fit.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import pyarrow as pa
from psycopg import sql

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
from hedgehog_pipeline.model.tables import SourceTable

_INTEGERS = {"smallint", "integer", "bigint"}
_READABLE: dict[ColumnType, set[str]] = {
    INTEGER: _INTEGERS,
    BIGINT: _INTEGERS,
    BOOLEAN: {"boolean"},
    TEXT: {"date"},  # the text of a date is the same, in the ISO style that a capture asks for
    TEXT_DATE: {"date"},
    NAIVE_TIMESTAMP: {"timestamp without time zone"},
}
_TEXTS = {"S", "E"}
"""PostgreSQL's categories of types whose value is its text: strings of any kind, enums."""

_SAME_TEXT = {"text", "character varying"}
"""Types between which ALTER TYPE rewrites no row: a value has the same text in each."""

_PARTITIONED = "p"
_TABLES = {"r", _PARTITIONED}
"""PostgreSQL's letters for tables, partitioned ones included."""

_FOREIGN = "f"
_OTHERS = {"v": "view", "m": "materialized view", _FOREIGN: "foreign table"}


@dataclass(frozen=True)
class FoundColumn:
    """A column in the source.

    Attributes:
        type: its type as PostgreSQL writes it, length and precision included.
        base: the type without length and precision; of a domain, the type under it.
        category: PostgreSQL's category of `base` (`pg_type.typcategory`).
        base_oid: the oid of `base`.
        number: its number in the table, which PostgreSQL never uses again for another column.
        generated: digest of the expression of a virtual generated column, None where the value is
            stored.
        not_null: whether every row has a value.
        unique: whether a valid unique index covers this column alone, and all rows.
        labels: by oid, if `base` is an enum.
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
class FoundChild:
    """A partition of a table, or a child by INHERITS: a SELECT of the table returns its rows too.

    Attributes:
        oid: PostgreSQL's number of the child.
        kind: PostgreSQL's letter for it (`pg_class.relkind`).
        attached: the transactions that attached it, and the tables between it and the parent.
    """

    oid: int
    name: str
    kind: str
    attached: str


@dataclass(frozen=True)
class FoundTable:
    """What the source has under a table's name.

    Attributes:
        kind: PostgreSQL's letter for it (`pg_class.relkind`), None where nothing has the name.
        oid: PostgreSQL's number of it, None where nothing has the name.
        columns: its columns, in order.
        children: its partitions or children that contain rows, in the order of their oids.
    """

    kind: str | None
    oid: int | None
    columns: tuple[FoundColumn, ...]
    children: tuple[FoundChild, ...]


def refuse_unreadable(tables: Sequence[SourceTable], found: Mapping[str, FoundTable]) -> None:
    """Check that the tables found in the source can be read as they are declared.

    Raises:
        HedgehogError: if not; names every difference of every table.
    """
    missing = [table.name for table in tables if found[table.name].kind is None]
    faults = [fault for table in tables for fault in _faults_of(table, found[table.name])]
    if missing:
        hint = "check that the source's secret names the right database"
        faults.insert(0, f"missing tables: {', '.join(missing)} ({hint})")
    if faults:
        raise HedgehogError(
            f"The source tables do not match their declaration: {'; '.join(faults)}. Change them "
            "back in the source, or change their declaration in the module `shop` of the model."
        )


def fingerprint_of(table: SourceTable, found: FoundTable) -> Fingerprint:
    """Return what a SELECT of the declared columns depends on, besides the rows of the table.

    What does not change its result is left out: undeclared columns, the length of a type, a
    domain over the same type, indexes. A column that is added with a default has a number of its
    own, and PostgreSQL forgets the default (`attmissingval`) once the table is rewritten. The
    columns of a partition change only while it is detached, and another transaction attaches it
    again.
    """
    assert found.oid is not None  # noqa: S101 (missing tables were refused)
    by_name = {column.name: column for column in found.columns}
    columns = [by_name[column.name] for column in table.columns]
    return Fingerprint(
        table=found.oid,
        columns={column.name: _definition(column) for column in columns},
        labels={oid: label for c in columns for oid, label in (c.labels or {}).items()},
        partitions={child.oid: child.attached for child in found.children},
    )


def _definition(column: FoundColumn) -> str:
    kind = "text" if column.base in _SAME_TEXT else str(column.base_oid)
    return " ".join(filter(None, (str(column.number), kind, column.generated)))


def undeclared(table: SourceTable, columns: Iterable[str]) -> list[str]:
    """Return the columns that are not declared; they are landed all the same."""
    declared = {column.name for column in table.columns}
    return [name for name in columns if name not in declared]


def new_columns(
    tables: Iterable[SourceTable],
    commit: IngestionCommit,
    before: IngestionCommit | None,
    log: CommitLog[IngestionCommit],
) -> Iterator[tuple[SourceTable, list[str]]]:
    """Yield each table of which a commit landed undeclared columns for the first time, with them.

    Args:
        tables: the declared tables.
        commit: what landed.
        before: the commit before it, None for the first.
        log: the log of both.
    """
    for table in tables:
        if columns := undeclared(table, _columns_in(commit, table)):
            known = _columns_before(before, table, log)
            if new := [name for name in columns if name not in known]:
                yield table, new


def _columns_before(
    before: IngestionCommit | None, table: SourceTable, log: CommitLog[IngestionCommit]
) -> tuple[str, ...]:
    """Return the columns of the rows that were captured last, up to a commit; empty if none were.

    Commits in between may have landed only tombstones, quarantine entries, or an inbox file with
    the declared columns.
    """
    watermark = before.base.get(table.name) if before else None
    while watermark and watermark.landed:
        landed = log.read(watermark.landed)
        columns = _columns_in(landed, table)
        if columns and landed.kind != "inbox":
            return columns
        watermark = log.read(landed.number - 1).base.get(table.name) if landed.number > 1 else None
    return ()


def _columns_in(commit: IngestionCommit, table: SourceTable) -> tuple[str, ...]:
    parts = commit.parts_of(f"oltp/{table.name}")
    return parts[0].columns if parts else ()


def _faults_of(table: SourceTable, found: FoundTable) -> Iterator[str]:
    if found.kind is None:
        return
    if found.kind not in _TABLES:
        yield (
            f"{table.name} is a {_OTHERS.get(found.kind, 'relation')}, not a table: only rows of "
            "tables carry the transaction that wrote them (xmin)"
        )
        return
    yield from _faults_of_children(table, found)
    columns = {column.name: column for column in found.columns}
    if missing := [column.name for column in table.columns if column.name not in columns]:
        others = ", ".join(undeclared(table, columns))
        hint = f" (undeclared columns: {others})" if others else ""
        yield f"{table.name} has no column {', '.join(missing)}{hint}"
    for column in table.columns:
        if column.name in columns and not _is_readable(column, columns[column.name]):
            yield _retyped(table, column, columns[column.name])
    if table.key in columns:
        yield from _faults_of_key(table, found, columns[table.key])


def _faults_of_children(table: SourceTable, found: FoundTable) -> Iterator[str]:
    if found.kind == _PARTITIONED:
        if foreign := ", ".join(child.name for child in found.children if child.kind == _FOREIGN):
            yield (
                f"{table.name} has the foreign table {foreign} as a partition, whose rows do not "
                "carry the transaction that wrote them (xmin): detach it"
            )
    elif found.children:
        children = ", ".join(child.name for child in found.children)
        yield (
            f"{table.name} includes the rows of {children}, which inherit from it, and no index "
            "keeps a key unique across several tables: ALTER TABLE ... NO INHERIT, or make it a "
            "partitioned table"
        )


def _faults_of_key(table: SourceTable, found: FoundTable, key: FoundColumn) -> Iterator[str]:
    where = f"{table.name}.{key.name}"
    name, column = (sql.Identifier(each).as_string() for each in (table.name, key.name))
    if not key.unique:
        remedy = f"CREATE UNIQUE INDEX CONCURRENTLY ON {name} ({column})"
        if found.kind == _PARTITIONED:
            remedy = (
                f"PostgreSQL keeps a key unique across partitions only if {key.name} alone is the "
                "partition key: partition the table by ranges of it, then CREATE UNIQUE INDEX ON "
                f"{name} ({column})"
            )
        yield (
            f"{where} is not a key: no valid unique index is on {key.name} alone, so of rows with "
            f"the same key all but one would be lost ({remedy})"
        )
    elif not key.not_null:
        yield (
            f"{where} is not a key: it may be NULL (ALTER TABLE {name} ALTER {column} SET "
            "NOT NULL, or VALIDATE CONSTRAINT if it has a NOT NULL constraint)"
        )


def _is_readable(column: Column, found: FoundColumn) -> bool:
    if column.type in {TEXT, TEXT_DATE} and found.category in _TEXTS:
        return True
    if pa.types.is_decimal(column.type.arrow):
        return found.base in {*_INTEGERS, "numeric"}
    return found.base in _READABLE.get(column.type, {column.type.sql})


def _retyped(table: SourceTable, column: Column, found: FoundColumn) -> str:
    fault = f"{table.name}.{column.name} is {found.type}, which cannot be read as {column.type.sql}"
    if column.type == NAIVE_TIMESTAMP and found.base == "timestamp with time zone":
        return f"{fault}: its values have a time zone, the declared type has none"
    return fault
