"""The shop's database as a reader with SELECT rights sees it: one moment at a time."""

from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg import Connection, IsolationLevel, sql

from hedgehog_pipeline.databases import Credentials, connect, reason_of, settle
from hedgehog_pipeline.errors import HedgehogError
from hedgehog_pipeline.extraction.copied import copied_rows
from hedgehog_pipeline.extraction.drift import FoundColumn, FoundTable, refuse_unreadable
from hedgehog_pipeline.extraction.snapshot import Snapshot
from hedgehog_pipeline.schema.shop import ShopTable

_OLDEST = 130000
"""`pg_current_snapshot()` came with PostgreSQL 13."""


@dataclass(frozen=True)
class Moment:
    """The shop as one snapshot sees it, while its transaction is open.

    Attributes:
        connection: in a read-only REPEATABLE READ transaction.
        identity: system identifier / timeline / database oid.
        snapshot: the transactions that are visible.
        columns: per table, the names of the columns that it has, in order.
    """

    connection: Connection
    identity: str
    snapshot: Snapshot
    columns: dict[str, tuple[str, ...]]

    @property
    def bytes(self) -> int:
        """How large the tables are on the shop's disk, without their indexes."""
        query = sql.SQL(
            "select sum(pg_relation_size(to_regclass(quote_ident(name)))) "
            "from unnest({}::text[]) as declared(name)"
        ).format(sql.Literal(list(self.columns)))
        ((size,),) = self.fetch(query)
        return int(size)

    def fetch(self, query: sql.Composed) -> list[tuple[Any, ...]]:
        """Ask the shop."""
        with _explained():
            return self.connection.execute(query).fetchall()

    def lines(self, query: sql.Composed) -> Iterator[memoryview]:
        """Stream a query as CSV: a header, then a record for each row."""
        copy = sql.SQL("copy ({}) to stdout (format csv, header)").format(query)
        with _explained(), self.connection.cursor().copy(copy):
            yield from copied_rows(self.connection)


@dataclass(frozen=True)
class Source:
    """The shop's database."""

    credentials: Credentials
    ca: str | None

    @contextmanager
    def moment(self, tables: Sequence[ShopTable]) -> Generator[Moment, None, None]:
        """Open a moment that sees these tables, all of them in one snapshot.

        The tables are locked before the snapshot is taken: a rewrite that commits in between
        (ALTER TYPE, TRUNCATE) would otherwise show an empty table.

        Raises:
            HedgehogError: where the database is a standby or too old, or its tables are not what
                the star can be made of.
        """
        with self.connected() as shop, shop.moment(tables) as moment:
            yield moment

    @contextmanager
    def connected(self) -> Generator["ConnectedSource", None, None]:
        """Connect, for one moment after another on the same connection.

        Raises:
            HedgehogError: where the database cannot be reached, is a standby or too old.
        """
        with connect(self.credentials, role="source", ca=self.ca) as connection:
            with _explained():
                self._refuse_unfit(connection)
                connection.rollback()
            connection.isolation_level = IsolationLevel.REPEATABLE_READ
            connection.read_only = True
            yield ConnectedSource(connection)

    def _refuse_unfit(self, connection: Connection) -> None:
        if connection.info.server_version < _OLDEST:
            raise HedgehogError(
                f"The source database {self.credentials.dbname} runs PostgreSQL "
                f"{connection.info.server_version // 10000}; Hedgehog needs 13 or newer, whose "
                "snapshots a reader can see."
            )
        if _scalar(connection, "select pg_is_in_recovery()::text") == "true":
            raise HedgehogError(
                f"The source database {self.credentials.dbname} is a standby, whose snapshots "
                "follow other rules; name the primary in the source's secret."
            )


@dataclass(frozen=True)
class ConnectedSource:
    """The shop's database while a connection to it is open; no transaction between moments."""

    connection: Connection

    @contextmanager
    def moment(self, tables: Sequence[ShopTable]) -> Generator[Moment, None, None]:
        """Open a moment, as `Source.moment` does, and end its transaction with it."""
        connection = self.connection
        with _explained():
            settle(connection)
            _columns(connection, tables)  # tells every fault; the lock would stop at the first
            connection.rollback()
            settle(connection)
            connection.execute("set local lock_timeout = '10s'")
            connection.execute("set local idle_in_transaction_session_timeout = '10min'")
            connection.execute("set local row_security = off")
            connection.execute("set local datestyle = 'ISO, YMD'")
            names = sql.SQL(", ").join(sql.Identifier(table.name) for table in tables)
            connection.execute(sql.SQL("lock table {} in access share mode").format(names))
            snapshot = _scalar(connection, _SNAPSHOT)
            identity = _identity(connection)
            columns = _columns(connection, tables)
        yield Moment(connection, identity, Snapshot(snapshot), columns)
        with _explained():
            connection.rollback()

    def snapshot_text(self) -> str:
        """Give what is visible now, as text: the cheap question whether anything may be new."""
        with _explained():
            text = _scalar(self.connection, _SNAPSHOT)
            self.connection.rollback()
        return text


def estimated_rows(moment: Moment, tables: Sequence[ShopTable]) -> int | None:
    """Give about how many rows tables have, by PostgreSQL's statistics; None where it has none."""
    query = sql.SQL(
        "select case when min(reltuples) >= 0 then sum(reltuples)::bigint end from pg_class "
        "where oid in ({})"
    ).format(
        sql.SQL(", ").join(
            sql.SQL("to_regclass({})").format(sql.Literal(f'"{table.name}"')) for table in tables
        )
    )
    ((rows,),) = moment.fetch(query)
    return rows


_SNAPSHOT = "select pg_current_snapshot()::text"

_IDENTITY = """
    select concat_ws('/', (select system_identifier from pg_control_system()),
                          (select timeline_id from pg_control_checkpoint()),
                          (select oid from pg_database where datname = current_database()))
"""

_FOUND = """
    with recursive declared as (
        select name, oid, relkind::text from unnest(%s::text[]) as declared(name)
        left join pg_class on oid = to_regclass(quote_ident(name))
    ), typed as (
        select attrelid, attnum, attname, format_type(atttypid, atttypmod) as type, atttypid as base
        from declared join pg_attribute on attrelid = oid where attnum > 0 and not attisdropped
        union all
        select attrelid, attnum, attname, type, typbasetype
        from typed join pg_type on pg_type.oid = base where typtype = 'd'
    )
    select name, relkind, attname, type, format_type(base, null), typcategory::text
    from declared left join (typed join pg_type on pg_type.oid = base and typtype <> 'd')
    on attrelid = declared.oid order by attnum
"""


def _columns(connection: Connection, tables: Sequence[ShopTable]) -> dict[str, tuple[str, ...]]:
    found = {table.name: FoundTable(None, ()) for table in tables}
    for name, kind, *column in connection.execute(_FOUND, [list(found)]):
        columns = found[name].columns
        found[name] = FoundTable(kind, (*columns, FoundColumn(*column)) if column[0] else ())
    refuse_unreadable(tables, found)
    return {name: tuple(column.name for column in table.columns) for name, table in found.items()}


def _identity(connection: Connection) -> str:
    try:
        return _scalar(connection, _IDENTITY)
    except psycopg.errors.InsufficientPrivilege as error:
        raise HedgehogError(
            f"The source's role may not ask which cluster it reads: {error.diag.message_primary}. "
            "By that a restored or promoted source is told from the one before. In the shop: grant "
            "execute on function pg_control_system(), pg_control_checkpoint() to "
            f'"{connection.info.user}".'
        ) from error


def _scalar(connection: Connection, query: str) -> str:
    row = connection.execute(query).fetchone()  # type: ignore[arg-type]
    assert row is not None  # noqa: S101 (a select without from has one row)
    return row[0]


@contextmanager
def _explained() -> Generator[None, None, None]:
    """Turn what PostgreSQL says into a sentence that tells what to do."""
    try:
        yield
    except psycopg.errors.InsufficientPrivilege as error:
        raise HedgehogError(
            f"The source's role may not read: {error.diag.message_primary}. Grant it SELECT on "
            "every table of the shop, and no row-level policy."
        ) from error
    except psycopg.errors.LockNotAvailable as error:
        raise HedgehogError(
            "The source's tables are locked by another session for more than ten seconds (an "
            "ALTER or TRUNCATE in progress); run again when it is over."
        ) from error
    except psycopg.Error as error:
        reason = reason_of(error)
        raise HedgehogError(
            f"The source database failed while it was read: {reason}. Nothing was committed; run "
            "again."
        ) from error
