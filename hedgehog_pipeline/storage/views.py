"""The warehouse's views in SQL: current versions of facts, and what is open in quarantine."""

from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256

from psycopg import sql

from hedgehog_pipeline.model.star import STAR, Fact
from hedgehog_pipeline.storage.ddl import stored_names


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


def key_number(text: sql.SQL) -> sql.Composed:
    """Give the SQL of a key in quarantine as a bigint, NULL where the text is none.

    Only a bigint lets the index of a key serve. CASE is evaluated in order.
    """
    return sql.SQL(
        "case when substring({text} from '^-?[0-9]{{1,19}}$')::numeric "
        "between -9223372036854775808 and 9223372036854775807 then {text}::bigint end"
    ).format(text=text)


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
    key = key_number(sql.SQL("told.key"))
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
