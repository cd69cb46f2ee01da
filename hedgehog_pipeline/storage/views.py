"""SQL of the warehouse's views: current versions of facts, and open quarantine entries."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256

from psycopg import sql

from hedgehog_pipeline.model.tables import Fact, StarTable
from hedgehog_pipeline.storage.ddl import stored_names


def current_view(table: Fact) -> str:
    """Return the name of the view with the latest version of each key."""
    return f"{table.name}_current"


@dataclass(frozen=True)
class View:
    """A view of the warehouse.

    Attributes:
        name: its name, with its schema where that is not the schema of the tables.
        description: what it shows.
        create: the statement; it replaces a view in place only where columns stay or are added.
        columns: the declared columns of its table, where it selects all of them.
    """

    name: str
    description: str
    create: sql.Composed
    columns: tuple[str, ...] = ()

    @property
    def comment(self) -> str:
        """The comment on the view: its description and a digest of its definition."""
        definition = f"{self.create.as_string()} {self.columns}"
        digest = sha256(definition.encode()).hexdigest()
        return f"{self.description} [{digest[:16]}]"


def key_number(text: sql.SQL) -> sql.Composed:
    """Return the SQL that casts the key of a quarantine entry to bigint, NULL where it is none.

    Only a bigint can use the index of a key. CASE evaluates its branches in order.
    """
    return sql.SQL(
        "case when substring({text} from '^-?[0-9]{{1,19}}$')::numeric "
        "between -9223372036854775808 and 9223372036854775807 then {text}::bigint end"
    ).format(text=text)


def views(star: Mapping[str, StarTable]) -> Iterator[View]:
    """Yield every view of a star."""
    for table in star.values():
        if isinstance(table, Fact):
            yield View(
                current_view(table),
                "The latest version of each key, without deleted keys",
                _create_current_view(table),
                tuple(stored_names(table)),
            )
    yield View(
        "hedgehog.open_quarantine",
        "Open quarantine entries: values that keep rows of the source out",
        _create_open_quarantine(star),
    )


def _create_current_view(table: Fact) -> sql.Composed:
    return sql.SQL(
        """
        create or replace view {view} as
        select * from (
            select distinct on ({key}) * from {table}
            order by {key}, ingestion_commit desc, processed_commit desc) as newest
        where not exists (
            select from hedgehog.tombstones as tombstone
            where tombstone.table_name = {name} and tombstone.key = newest.{key}
              and tombstone.ingestion_commit > newest.ingestion_commit)
        """
    ).format(
        view=sql.Identifier(current_view(table)),
        key=sql.Identifier(table.key.name),
        table=sql.Identifier(table.name),
        name=sql.Literal(table.name),
    )


def _create_open_quarantine(star: Mapping[str, StarTable]) -> sql.Composed:
    """Return the statement that creates the view of open entries.

    An entry closes when its commit is reprocessed without it, or when a later commit has a valid
    row of the key, or its deletion. For most tables the rows and tombstones of the star show that.
    Two cases need `hedgehog.readmitted`: a joined table, whose rows get a newer commit from their
    parents alone, and a member that was deleted before it ever had a valid row. An entry of an
    inbox file closes when the file is uploaded again.
    """
    restated = sql.SQL(
        "select from hedgehog.restated as anew where anew.table_name = entry.table_name "
        "and anew.ingestion_commit = entry.ingestion_commit "
        "and anew.processed_commit > entry.processed_commit"
    )
    resolved = sql.SQL(
        "select from hedgehog.readmitted as later where later.table_name = entry.table_name "
        "and later.key = entry.key and later.ingestion_commit > entry.ingestion_commit"
    )
    key = key_number(sql.SQL("entry.key"))
    valid_rows = [
        sql.SQL(
            "select from {star} as later where entry.table_name = {table} "
            "and later.{column} = {key} and later.ingestion_commit > entry.ingestion_commit"
        ).format(
            star=sql.Identifier(table.name),
            table=sql.Literal(table.subject),
            column=sql.Identifier(table.key.name),
            key=key,
        )
        for table in star.values()
        if table.subject and not table.as_of
    ]
    deletions = [
        sql.SQL(
            "select from hedgehog.tombstones as tombstone where entry.table_name = {table} "
            "and tombstone.table_name = {star} and tombstone.key = {key} "
            "and tombstone.ingestion_commit > entry.ingestion_commit"
        ).format(table=sql.Literal(table.subject), star=sql.Literal(table.name), key=key)
        for table in star.values()
        if isinstance(table, Fact) and table.subject
    ]
    replaced = sql.SQL(
        "select from hedgehog.quarantine as later where later.part = entry.part "
        "and later.key = '' and later.line = 0 and later.ingestion_commit > entry.ingestion_commit"
    )
    return sql.SQL(
        "create or replace view hedgehog.open_quarantine as "
        "select * from hedgehog.quarantine as entry where reason is not null and {}"
    ).format(
        sql.SQL(" and ").join(
            sql.SQL("not exists ({})").format(query)
            for query in [restated, resolved, replaced, *valid_rows, *deletions]
        )
    )
