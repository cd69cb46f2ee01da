"""SQL of the warehouse's tables, composed from the declarations."""

from collections.abc import Iterable, Iterator, Mapping

from psycopg import sql

from hedgehog_pipeline.model.columns import BOOLEAN, TIMESTAMP, Column
from hedgehog_pipeline.model.tables import PROCESSED_COMMIT, Dimension, Fact, StarTable
from hedgehog_pipeline.postgres.identifiers import identifiers

INFERRED = Column("inferred", BOOLEAN, "Whether the row is a placeholder for one not landed yet.")
INFERRED_SINCE = Column("inferred_since", TIMESTAMP, "When it was inferred.", nullable=True)

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
    comment on table hedgehog.commits is 'Processed commits that are loaded into this warehouse';
    create table if not exists hedgehog.tombstones (
        table_name text,
        key bigint,
        ingestion_commit bigint,
        primary key (table_name, key, ingestion_commit));
    comment on table hedgehog.tombstones is
        'Keys of facts that were deleted in the source, and the capture that saw it';
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
    comment on table hedgehog.quarantine is 'Values that keep rows of the source out';
    create table if not exists hedgehog.readmitted (
        table_name text,
        key text,
        ingestion_commit bigint,
        primary key (table_name, key, ingestion_commit));
    comment on table hedgehog.readmitted is
        'Keys in quarantine for which a later capture saw a valid row or a deletion';
    create table if not exists hedgehog.restated (
        table_name text,
        ingestion_commit bigint,
        processed_commit bigint not null,
        primary key (table_name, ingestion_commit));
    comment on table hedgehog.restated is
        'Captures that were processed again; the last processing replaces earlier entries';
"""


def stored_columns(table: StarTable) -> tuple[Column, ...]:
    """Return the columns of a table in the warehouse, without the serial key of a fact."""
    technical = (INFERRED, INFERRED_SINCE) if isinstance(table, Dimension) else ()
    return (*table.landed_columns, PROCESSED_COMMIT, *technical)


def stored_names(table: StarTable) -> list[str]:
    """Return the names of `stored_columns`."""
    return [column.name for column in stored_columns(table)]


def column_definition(column: Column) -> sql.Composed:
    """Define a column: name, type, default, and NOT NULL where it is not nullable."""
    return sql.SQL("{name} {type}{default}{null}").format(
        name=sql.Identifier(column.name),
        type=sql.SQL(column.type.sql),  # type: ignore[arg-type]
        default=sql.SQL(f" default {column.default}" if column.default else ""),  # type: ignore[arg-type]
        null=sql.SQL("" if column.nullable else " not null"),
    )


def create_table(table: StarTable) -> sql.Composed:
    """Create a table with its keys; foreign keys follow after the initial load."""
    columns = [column_definition(column) for column in stored_columns(table)]
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


def references(
    star: Mapping[str, StarTable], tables: Iterable[StarTable] | None = None
) -> Iterator[Reference]:
    """Yield every declared foreign key of the star, or those of some of its tables."""
    for table in star.values() if tables is None else tables:
        for column in table.columns:
            if column.references:
                yield table, column, star[column.references]


def foreign_keys(wanted: Iterable[Reference]) -> sql.Composed:
    """Select which of the wanted foreign keys exist, whatever their names.

    Columns: the table, its column, and whether PostgreSQL has validated the existing rows.
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
    """Add a foreign key, which validates every existing row.

    PostgreSQL chooses its name: one composed here may be cut at 63 bytes and collide.
    """
    return sql.SQL("alter table {table} add foreign key ({column}) references {dimension}").format(
        table=sql.Identifier(table.name),
        column=sql.Identifier(column.name),
        dimension=sql.Identifier(dimension.name),
    )


def comment_on(table: StarTable) -> Iterator[sql.Composed]:
    """Comment on a table and its columns, with their declared descriptions."""
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
        columns=identifiers(table.identity),
    )
