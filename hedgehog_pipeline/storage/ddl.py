"""The warehouse's tables and views in SQL, composed from the declarations."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from hashlib import sha256

from psycopg import sql

from hedgehog_pipeline.schema.columns import BOOLEAN, MOMENT, Column
from hedgehog_pipeline.schema.star import (
    PROCESSED_COMMIT,
    STAR,
    Dimension,
    Fact,
    StarTable,
)

INFERRED = Column("inferred", BOOLEAN, "Whether the row only stands in for one not landed yet.")
INFERRED_SINCE = Column("inferred_since", MOMENT, "Since when it stands in.", nullable=True)

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


def current_view(table: Fact) -> str:
    """Name the view of the version of each key that was captured last."""
    return f"{table.name}_current"


@dataclass(frozen=True)
class View:
    """A view of the warehouse.

    Attributes:
        name: its name, with its schema where it is not the tables' own.
        description: what it shows.
        create: makes it, or replaces it where its columns are the same or more.
        columns: the declared ones of the table that it shows all columns of.
    """

    name: str
    description: str
    create: sql.Composed
    columns: tuple[str, ...] = ()

    @property
    def comment(self) -> str:
        """What is kept with the view: what it shows, and a digest of what it is made of."""
        made_of = f"{self.create.as_string()} {self.columns}"
        digest = sha256(made_of.encode()).hexdigest()
        return f"{self.description} [{digest[:16]}]"


def views() -> Iterator[View]:
    """Give every view."""
    for table in STAR.values():
        if isinstance(table, Fact):
            yield View(
                current_view(table),
                "The version of each key that was captured last, unless it was deleted since",
                _create_current_view(table),
                tuple(stored_names(table)),
            )
    yield View(
        "hedgehog.open_quarantine",
        "Values for which rows of the shop cannot be taken still",
        _create_open_quarantine(),
    )


def _create_current_view(table: Fact) -> sql.Composed:
    return sql.SQL(
        """
        create or replace view {view} as
        select * from (
            select distinct on ({key}) * from {table}
            order by {key}, ingestion_commit desc, processed_commit desc) as newest
        where not exists (
            select from hedgehog.tombstones as gone
            where gone.table_name = {name} and gone.key = newest.{key}
              and gone.ingestion_commit > newest.ingestion_commit)
        """
    ).format(
        view=sql.Identifier(current_view(table)),
        key=sql.Identifier(table.key.name),
        table=sql.Identifier(table.name),
        name=sql.Literal(table.name),
    )


def _create_open_quarantine() -> sql.Composed:
    """Create the view of what was told and holds still.

    It is over when the commit was processed anew and nothing was told then, or when the key came
    again in a later commit, in a row that could be taken, or was gone by then. A star table shows
    that by its rows and tombstones; of a joined one the rows are stamped anew by its parents, so
    it is told apart, as is a member that was gone before it could ever be taken. What was
    told of a file that somebody brought is over when the file was brought again.
    """
    restated = sql.SQL(
        "select from hedgehog.restated as anew where anew.table_name = told.table_name "
        "and anew.ingestion_commit = told.ingestion_commit "
        "and anew.processed_commit > told.processed_commit"
    )
    readmitted = sql.SQL(
        "select from hedgehog.readmitted as later where later.table_name = told.table_name "
        "and later.key = told.key and later.ingestion_commit > told.ingestion_commit"
    )
    # A number, so that the index on it serves; absent where the text is none.
    key = sql.SQL("substring(told.key from '^-?[0-9]{1,18}$')::bigint")
    came = [
        sql.SQL(
            "select from {star} as later where told.table_name = {table} and later.{column} = {key}"
            " and later.ingestion_commit > told.ingestion_commit"
        ).format(
            star=sql.Identifier(star.name),
            table=sql.Literal(star.subject),
            column=sql.Identifier(star.key.name),
            key=key,
        )
        for star in STAR.values()
        if star.subject and not star.as_of
    ]
    gone = [
        sql.SQL(
            "select from hedgehog.tombstones as gone where told.table_name = {table} "
            "and gone.table_name = {star} and gone.key = {key} "
            "and gone.ingestion_commit > told.ingestion_commit"
        ).format(table=sql.Literal(star.subject), star=sql.Literal(star.name), key=key)
        for star in STAR.values()
        if isinstance(star, Fact) and star.subject
    ]
    replaced = sql.SQL(
        "select from hedgehog.quarantine as later where later.part = told.part "
        "and later.key = '' and later.line = 0 and later.ingestion_commit > told.ingestion_commit"
    )
    return sql.SQL(
        "create or replace view hedgehog.open_quarantine as "
        "select * from hedgehog.quarantine as told where reason is not null and {}"
    ).format(
        sql.SQL(" and ").join(
            sql.SQL("not exists ({})").format(query)
            for query in [restated, readmitted, replaced, *came, *gone]
        )
    )


Reference = tuple[StarTable, Column, StarTable]
"""A foreign key: the table, its column, and the dimension."""


def references(tables: Iterable[StarTable] | None = None) -> Iterator[Reference]:
    """Give every foreign key, or those of some tables."""
    for table in STAR.values() if tables is None else tables:
        for column in table.columns:
            if column.references:
                yield table, column, STAR[column.references]


def foreign_key_name(table: StarTable, column: Column) -> str:
    """Name a foreign key as PostgreSQL would."""
    return f"{table.name}_{column.name}_fkey"


def add_foreign_key(table: StarTable, column: Column, dimension: StarTable) -> sql.Composed:
    """Add a foreign key, which checks every row that is there."""
    return sql.SQL(
        "alter table {table} add constraint {name} foreign key ({column}) references {dimension}"
    ).format(
        table=sql.Identifier(table.name),
        name=sql.Identifier(foreign_key_name(table, column)),
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
