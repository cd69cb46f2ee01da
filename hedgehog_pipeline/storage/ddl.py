"""The warehouse's tables in SQL, composed from the declarations."""

from collections.abc import Iterable, Iterator

from psycopg import sql

from hedgehog_pipeline.model.columns import BOOLEAN, TIMESTAMP, Column
from hedgehog_pipeline.model.star import (
    PROCESSED_COMMIT,
    STAR,
    Dimension,
    Fact,
    StarTable,
)

INFERRED = Column("inferred", BOOLEAN, "Whether the row only stands in for one not landed yet.")
INFERRED_SINCE = Column("inferred_since", TIMESTAMP, "Since when it stands in.", nullable=True)

CREATE_COMMITS = """
    create schema if not exists hedgehog;
    create table if not exists hedgehog.commits (
        number bigint primary key,
        log text not null,
        batch text not null unique,
        kind text not null,
        date date not null,
        through bigint not null,
        archive_complete boolean not null,
        loaded_at timestamptz not null default clock_timestamp());
    comment on table hedgehog.commits is 'The processed commits that this warehouse holds';
    create table if not exists hedgehog.tombstones (
        table_name text,
        key bigint,
        ingestion_commit bigint,
        primary key (table_name, key, ingestion_commit));
    comment on table hedgehog.tombstones is
        'Keys of facts that the shop held no more when a capture was made';
    create table if not exists hedgehog.quarantine (
        table_name text not null,
        key text not null,
        ingestion_commit bigint not null,
        part text not null,
        line bigint not null,
        column_name text not null,
        value text,
        reason text,
        processed_commit bigint not null,
        primary key (table_name, key, ingestion_commit, part, line, column_name));
    comment on table hedgehog.quarantine is 'Values for which rows of the shop could not be taken';
    create table if not exists hedgehog.readmitted (
        table_name text,
        key text,
        ingestion_commit bigint,
        primary key (table_name, key, ingestion_commit));
    comment on table hedgehog.readmitted is
        'Keys in quarantine whose row could be taken, or was gone, at a later capture';
    create table if not exists hedgehog.restated (
        table_name text,
        ingestion_commit bigint,
        processed_commit bigint not null,
        primary key (table_name, ingestion_commit));
    comment on table hedgehog.restated is
        'Captures that were processed anew, by the last processing; it says all that is wrong';
"""


def stored_columns(table: StarTable) -> tuple[Column, ...]:
    """Give the columns of a table in the warehouse but for a fact's serial key."""
    technical = (INFERRED, INFERRED_SINCE) if isinstance(table, Dimension) else ()
    return (*table.landed_columns, PROCESSED_COMMIT, *technical)


def listed(names: Iterable[str]) -> sql.Composed:
    """List tables or columns by name."""
    return sql.SQL(", ").join(map(sql.Identifier, names))


def stored_names(table: StarTable) -> list[str]:
    """Give the names of `stored_columns`."""
    return [column.name for column in stored_columns(table)]


def define(column: Column) -> sql.Composed:
    """Define a column: its name, its type, its default, and whether it must hold a value."""
    return sql.SQL("{name} {type}{default}{null}").format(
        name=sql.Identifier(column.name),
        type=sql.SQL(column.type.sql),  # type: ignore[arg-type]
        default=sql.SQL(f" default {column.default}" if column.default else ""),  # type: ignore[arg-type]
        null=sql.SQL("" if column.nullable else " not null"),
    )


def create_table(table: Dimension | Fact) -> sql.Composed:
    """Create a table with its keys; foreign keys are added when the archive is complete."""
    columns = [define(column) for column in stored_columns(table)]
    if isinstance(table, Fact):
        serial = sql.SQL("{} serial primary key").format(sql.Identifier(table.serial))
        columns = [serial, *columns, _key("unique", table)]
    else:
        columns.append(_key("primary key", table))
    return sql.SQL("create table if not exists {name} ({columns})").format(
        name=sql.Identifier(table.name), columns=sql.SQL(", ").join(columns)
    )


Reference = tuple[StarTable, Column, StarTable]
"""A foreign key: the table, its column, and the dimension."""


def references(tables: Iterable[StarTable] | None = None) -> Iterator[Reference]:
    """Give every foreign key, or those of some tables."""
    for table in STAR.values() if tables is None else tables:
        for column in table.columns:
            if column.references:
                yield table, column, STAR[column.references]


def foreign_keys(wanted: Iterable[Reference]) -> sql.Composed:
    """Select those of some foreign keys that are there, whatever their names.

    Columns: the table, its column, and whether the rows that were there are validated.
    """
    found = [(table.name, column.name, dimension.name) for table, column, dimension in wanted]
    tables, columns, dimensions = ([row[n] for row in found] for n in range(3))
    return sql.SQL(
        "select table_name, column_name, convalidated "
        "from unnest({tables}::text[], {columns}::text[], {dimensions}::text[]) "
        "as declared(table_name, column_name, dimension) "
        "join pg_attribute on attrelid = to_regclass(quote_ident(table_name)) "
        "and attname = column_name "
        "join pg_constraint on conrelid = attrelid and conkey = array[attnum] "
        "and contype = 'f' and confrelid = to_regclass(quote_ident(dimension))"
    ).format(
        tables=sql.Literal(tables),
        columns=sql.Literal(columns),
        dimensions=sql.Literal(dimensions),
    )


def add_foreign_key(table: StarTable, column: Column, dimension: StarTable) -> sql.Composed:
    """Add a foreign key, which checks every row that is there.

    PostgreSQL names it: a name that is put together here may be cut at 63 characters, and taken.
    """
    return sql.SQL("alter table {table} add foreign key ({column}) references {dimension}").format(
        table=sql.Identifier(table.name),
        column=sql.Identifier(column.name),
        dimension=sql.Identifier(dimension.name),
    )


def comment_on(table: StarTable) -> Iterator[sql.Composed]:
    """Describe a table and its columns to whoever looks into the warehouse."""
    yield sql.SQL("comment on table {} is {}").format(
        sql.Identifier(table.name), sql.Literal(table.description)
    )
    for column in stored_columns(table):
        yield sql.SQL("comment on column {} is {}").format(
            sql.Identifier(table.name, column.name), sql.Literal(column.description)
        )


def _key(kind: str, table: StarTable) -> sql.Composed:
    return sql.SQL("{kind} ({columns})").format(
        kind=sql.SQL(kind),  # type: ignore[arg-type]
        columns=listed(table.identity),
    )
