"""Reads the source database with SELECT rights only, one snapshot at a time."""

from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from typing import Any

import psycopg
from psycopg import Connection, IsolationLevel, sql

from hedgehog_pipeline.errors import HedgehogError
from hedgehog_pipeline.extraction.catalog import NO_CHARACTER, find_tables
from hedgehog_pipeline.extraction.characters import encoding_of
from hedgehog_pipeline.extraction.drift import fingerprint_of
from hedgehog_pipeline.extraction.snapshot import PgSnapshot, XidWindow
from hedgehog_pipeline.extraction.unreadable import unreadable_row
from hedgehog_pipeline.lake.commits import Fingerprint
from hedgehog_pipeline.lake.csv_records import fields_of
from hedgehog_pipeline.lake.quarantine_csv import QuarantineEntry
from hedgehog_pipeline.model.tables import SourceTable
from hedgehog_pipeline.postgres.connection import Credentials, connect, pin_settings, reason_of
from hedgehog_pipeline.postgres.copy_out import copy_batches, copy_rows

CsvRecord = bytes | memoryview

_OLDEST = 130000
"""`pg_current_snapshot()` came with PostgreSQL 13."""

_LOCK_SECONDS = 10.0
"""How long a snapshot waits for tables that another session has locked."""


@dataclass(frozen=True)
class SourceSnapshot:
    """The source as one snapshot sees it, while its transaction is open.

    Attributes:
        connection: in a read-only REPEATABLE READ transaction.
        identity: system identifier / timeline / database oid.
        pg_snapshot: says which transactions are visible.
        columns: per table, the names of its columns in the source, in order.
        fingerprints: per table, what a SELECT of it depends on besides its rows.
        connect: opens another connection, outside the snapshot.
    """

    connection: Connection
    identity: str
    pg_snapshot: PgSnapshot
    columns: dict[str, tuple[str, ...]]
    fingerprints: dict[str, Fingerprint]
    connect: Callable[[], AbstractContextManager[Connection]]
    _answers: dict[str, list[tuple[Any, ...]]] = field(
        default_factory=dict[str, list[tuple[Any, ...]]], init=False, repr=False, compare=False
    )

    @property
    def bytes(self) -> int:
        """The size of the tables on the source's disk, without their indexes."""
        query = sql.SQL(
            "select sum(pg_relation_size(to_regclass(quote_ident(name)))) "
            "from unnest({}::text[]) as declared(name)"
        ).format(sql.Literal(list(self.columns)))
        ((size,),) = self.fetch(query)
        return int(size)

    def fetch(self, query: sql.Composed) -> list[tuple[Any, ...]]:
        """Run a query in the snapshot and return its rows."""
        with explained():
            return self.connection.execute(query).fetchall()

    def fetch_once(self, query: sql.Composed) -> list[tuple[Any, ...]]:
        """Run a query that several callers need; a snapshot runs it once."""
        text = query.as_string(self.connection)
        if text not in self._answers:
            self._answers[text] = self.fetch(query)
        return self._answers[text]

    def from_rows_of(self, table: SourceTable) -> sql.Composed:
        """SQL from FROM to a first condition: the rows of the table as of the snapshot.

        PostgreSQL shows the rows of a partition that was attached later at once, but only to some
        queries. They are left to the next snapshot.
        """
        name, partitions = sql.Identifier(table.name), self.fingerprints[table.name].partitions
        if not partitions:
            return sql.SQL("from only {} where true").format(name)
        known = sql.Literal(list(partitions))
        return sql.SQL("from {} where tableoid = any({}::oid[])").format(name, known)

    def rows_in(self, window: XidWindow, tables: Iterable[SourceTable]) -> sql.Composed:
        """SQL query: `name` of each table, and `id` of each transaction with rows in the window.

        The known ids are compared once with all of these (`not_in`). OFFSET 0 keeps PostgreSQL from
        copying that long condition to each table.
        """
        pairs = sql.SQL(" union ").join(
            sql.SQL("select {name} as name, {transaction} as id {from_rows} and {inside}").format(
                name=sql.Literal(table.name),
                transaction=window.transaction,
                from_rows=self.from_rows_of(table),
                inside=window.contains_row,
            )
            for table in tables
        )
        return sql.SQL("{} offset 0").format(pairs)

    def lines(self, query: sql.Composed) -> Iterator[memoryview]:
        """Stream the result of a query as CSV: a header, then a record for each row."""
        with explained(), self.connection.cursor().copy(_CSV.format(query)):
            yield from copy_rows(self.connection)

    def rows(
        self,
        table: SourceTable,
        query: sql.Composed,
        columns: Sequence[str],
        quarantine: list[QuarantineEntry],
    ) -> Iterator[CsvRecord]:
        """Stream rows of a table as CSV in UTF-8: a header, then a record for each row.

        Args:
            quarantine: receives an entry for each value that cannot be decoded; its row is omitted.

        Raises:
            HedgehogError: if PostgreSQL cannot read a row; it is named.
        """
        with self._naming_unreadable_row(table, query, columns):
            encoding = encoding_of(self.connection.info.parameter_status("server_encoding") or "")
            if encoding is None:
                yield from self._converted(table, query, columns)
                return
            statement = _CSV.format(query).as_string(self.connection).encode(encoding.codec)
            with explained():
                self._set_encoding(encoding.name)
                with self.connection.cursor().copy(statement):
                    line = 0
                    for records in copy_batches(self.connection):
                        if encoding.is_utf8(b"".join(records)):
                            yield from records
                            line += len(records)
                            continue
                        for text in map(bytes, records):
                            decoded = encoding.decoded(text)
                            if decoded is None:
                                quarantine.extend(encoding.faults_of(text, table, columns, line))
                            else:
                                yield decoded
                            line += 1
                self._set_encoding("UTF8")

    @contextmanager
    def _naming_unreadable_row(
        self, table: SourceTable, query: sql.Composed, columns: Sequence[str]
    ) -> Generator[None, None, None]:
        """Run a COPY of the query; if PostgreSQL cannot read a row, the error names it."""
        try:
            with self.connection.transaction():  # a savepoint: the snapshot survives an error
                yield
        except HedgehogError as error:
            cause = error.__cause__
            if not isinstance(cause, psycopg.Error) or isinstance(cause, NO_CHARACTER):
                raise
            with explained():
                named = unreadable_row(self.connection, table, query, columns, cause)
            raise (named or error) from cause

    def _set_encoding(self, encoding: str) -> None:
        """Set the encoding in which PostgreSQL sends text."""
        if encoding != self.connection.info.parameter_status("client_encoding"):
            statement = sql.SQL("set local client_encoding = {}")
            self.connection.execute(statement.format(sql.Literal(encoding)))

    def _converted(
        self, table: SourceTable, query: sql.Composed, columns: Sequence[str]
    ) -> Iterator[memoryview]:
        """Stream rows that PostgreSQL converts itself; name the row that it cannot convert."""
        record: CsvRecord = b""
        try:
            for record in self.lines(query):
                yield record
        except HedgehogError as error:
            if not isinstance(error.__cause__, NO_CHARACTER):
                raise
            fields = dict(zip(columns, fields_of(bytes(record).removesuffix(b"\n")), strict=False))
            last = fields.get(table.key, b"").decode()
            where = f", in the row read after row {last}" if last not in {"", table.key} else ""
            raise HedgehogError(
                f"A text of {table.name} cannot be decoded{where}: {reason_of(error.__cause__)}. "
                "Correct it in the source: in a database with this encoding, Hedgehog cannot leave "
                "out a single row."
            ) from error.__cause__


@dataclass(frozen=True)
class Source:
    """The source database."""

    credentials: Credentials
    ca: str | None

    @contextmanager
    def open_snapshot(self, tables: Sequence[SourceTable]) -> Generator[SourceSnapshot, None, None]:
        """Open one snapshot of these tables.

        The tables are locked before the snapshot is taken: a rewrite that commits in between
        (ALTER TYPE, TRUNCATE) would otherwise show an empty table.

        Raises:
            HedgehogError: if the database is a standby or too old, or its tables do not match their
                declaration.
        """
        with self.connected() as source, source.open_snapshot(tables) as opened:
            yield opened

    @contextmanager
    def connected(self) -> Generator["ConnectedSource", None, None]:
        """Connect, to open one snapshot after another on the same connection.

        Raises:
            HedgehogError: if the database cannot be reached, is a standby, or is too old.
        """
        with self._connect() as connection:
            with explained():
                self._refuse_unfit(connection)
                connection.rollback()
            connection.isolation_level = IsolationLevel.REPEATABLE_READ
            connection.read_only = True
            yield ConnectedSource(connection, self._connect)

    def _connect(self) -> Connection:
        return connect(self.credentials, role="source", ca=self.ca)

    def _refuse_unfit(self, connection: Connection) -> None:
        if connection.info.server_version < _OLDEST:
            raise HedgehogError(
                f"The source database {self.credentials.dbname} runs PostgreSQL "
                f"{connection.info.server_version // 10000}; Hedgehog needs 13 or newer "
                "(pg_current_snapshot)."
            )
        if _scalar(connection, "select pg_is_in_recovery()::text") == "true":
            raise HedgehogError(
                f"The source database {self.credentials.dbname} is a standby, whose snapshots "
                "cannot be compared; name the primary in the source's secret."
            )


@dataclass(frozen=True)
class ConnectedSource:
    """An open connection to the source; between snapshots it has no open transaction.

    Attributes:
        connection: used for one snapshot after another.
        connect: opens another connection.
    """

    connection: Connection
    connect: Callable[[], AbstractContextManager[Connection]]

    @contextmanager
    def open_snapshot(self, tables: Sequence[SourceTable]) -> Generator[SourceSnapshot, None, None]:
        """Open a snapshot, as `Source.open_snapshot` does; its transaction ends with it."""
        connection = self.connection
        with explained():
            pin_settings(connection)
            find_tables(connection, tables)  # names every fault; the lock stops at the first
            connection.rollback()
            pin_settings(connection)
            timeout = sql.Literal(f"{_LOCK_SECONDS * 1000:.0f}ms")
            connection.execute(sql.SQL("set local lock_timeout = {}").format(timeout))
            connection.execute("set local idle_in_transaction_session_timeout = '10min'")
            connection.execute("set local row_security = off")
            connection.execute("set local datestyle = 'ISO, YMD'")
            connection.execute("set local timezone = 'UTC'")  # elsewhere offsets may have seconds
            names = sql.SQL(", ").join(sql.Identifier(table.name) for table in tables)
            connection.execute(sql.SQL("lock table {} in access share mode").format(names))
            text = _scalar(connection, _SNAPSHOT)
            identity = _identity(connection)
            found = find_tables(connection, tables)
        yield SourceSnapshot(
            connection,
            identity,
            PgSnapshot(text),
            {name: tuple(column.name for column in found[name].columns) for name in found},
            {table.name: fingerprint_of(table, found[table.name]) for table in tables},
            self.connect,
        )
        with explained():
            connection.rollback()

    def snapshot_text(self) -> str:
        """Return the text of the current pg_snapshot: a cheap check whether anything may be new."""
        with explained():
            text = _scalar(self.connection, _SNAPSHOT)
            self.connection.rollback()
        return text


def estimated_rows(source: SourceSnapshot, tables: Sequence[SourceTable]) -> int | None:
    """Estimate the number of rows by PostgreSQL's statistics; return None without statistics."""
    query = sql.SQL(
        "select case when min(reltuples) >= 0 then sum(reltuples)::bigint end from pg_class "
        "where oid in ({})"
    ).format(
        sql.SQL(", ").join(
            sql.SQL("to_regclass(quote_ident({}))").format(sql.Literal(table.name))
            for table in tables
        )
    )
    ((rows,),) = source.fetch(query)
    return rows


_CSV = sql.SQL("copy ({}) to stdout (format csv, header)")

_SNAPSHOT = "select pg_current_snapshot()::text"

_IDENTITY = """
    select concat_ws('/', (select system_identifier from pg_control_system()),
                          (select timeline_id from pg_control_checkpoint()),
                          (select oid from pg_database where datname = current_database()))
"""


def _identity(connection: Connection) -> str:
    try:
        return _scalar(connection, _IDENTITY)
    except psycopg.errors.InsufficientPrivilege as error:
        raise HedgehogError(
            "The source's role may not read the identity of its cluster: "
            f"{error.diag.message_primary}. Hedgehog needs it to recognise a restored or promoted "
            "source. In the source: grant execute on function pg_control_system(), "
            f'pg_control_checkpoint() to "{connection.info.user}".'
        ) from error


def _scalar(connection: Connection, query: str) -> str:
    row = connection.execute(query).fetchone()  # type: ignore[arg-type]
    assert row is not None  # noqa: S101 (a select without from has one row)
    return row[0]


@contextmanager
def explained() -> Generator[None, None, None]:
    """Turn errors of PostgreSQL into a HedgehogError that says what to do."""
    try:
        yield
    except psycopg.errors.InsufficientPrivilege as error:
        raise HedgehogError(
            f"The source's role lacks a right: {error.diag.message_primary}. Grant it SELECT on "
            "every declared table, without a row-level policy."
        ) from error
    except psycopg.errors.LockNotAvailable as error:
        raise HedgehogError(
            "The source's tables have been locked by another session for more than "
            f"{_LOCK_SECONDS:.0f} seconds (an ALTER or TRUNCATE in progress); run again when it "
            "is over."
        ) from error
    except psycopg.Error as error:
        reason = reason_of(error)
        raise HedgehogError(
            f"The source database failed while it was read: {reason}. Nothing was committed; run "
            "again."
        ) from error
