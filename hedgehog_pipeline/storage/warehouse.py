"""The warehouse: the commits loaded into it, and the transaction that loads one more."""

from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from time import monotonic

import psycopg
import pyarrow as pa
from psycopg import Connection, IsolationLevel

from hedgehog_pipeline.errors import HedgehogError
from hedgehog_pipeline.lake.commits import PartKind, ProcessedCommit
from hedgehog_pipeline.lake.log import CommitRef
from hedgehog_pipeline.model.model import Model
from hedgehog_pipeline.model.tables import StarTable
from hedgehog_pipeline.postgres.connection import (
    Credentials,
    connect,
    pin_settings,
    pinned_transaction,
    reason_of,
)
from hedgehog_pipeline.storage.ddl import references
from hedgehog_pipeline.storage.foreign_keys import enforce_foreign_keys, is_building
from hedgehog_pipeline.storage.migration import migrate_tables
from hedgehog_pipeline.storage.side_tables import (
    add_quarantine,
    add_resolutions,
    add_restated,
    add_tombstones,
)
from hedgehog_pipeline.storage.tables import pin_schema, prepare_tables
from hedgehog_pipeline.storage.upsert import infer_members, stage_table, upsert_staged

PartsOf = Callable[[StarTable, ProcessedCommit, PartKind], Iterable[pa.Table]]
"""Reads the parts of one table and kind from a processed commit, one part at a time."""

_LOADERS_LOCK = 0x4865646765686F67
"""Key of the advisory lock that loaders take; "Hedgehog" in ASCII."""


_ADVICE = {
    psycopg.errors.ReadOnlySqlTransaction: " The server is a standby, or the role is read-only: "
    "name the primary in the warehouse's secret, or set the role's default_transaction_read_only "
    "to off.",
    psycopg.errors.UndefinedTable: " The next load creates a missing view again; for a missing "
    "table see docs/operations.md, 'The warehouse is lost, restored or different'.",
}
"""What to do about an error of PostgreSQL."""


@dataclass(frozen=True)
class Loaded:
    """What a load wrote.

    Attributes:
        rows: rows written by table; rows that were there already are not counted.
        seconds: duration by table.
        inferred: members inferred for keys that were in no dimension.
        tombstones: new tombstones of facts.
        quarantined: new quarantine entries, one for each bad value.
    """

    rows: Mapping[str, int]
    seconds: Mapping[str, float]
    inferred: int
    tombstones: int
    quarantined: int


@dataclass(frozen=True)
class Warehouse:
    """The warehouse's database, through one connection in autocommit mode.

    Attributes:
        connection: the connection.
        name: the database and its server, for messages.
        model: the declared tables.
    """

    connection: Connection
    name: str
    model: Model

    @classmethod
    @contextmanager
    def open(
        cls, credentials: Credentials, ca: str | None, model: Model
    ) -> Generator["Warehouse", None, None]:
        """Connect; errors of PostgreSQL become errors with a message for people.

        Raises:
            HedgehogError: where the database cannot be reached, or refuses a statement.
        """
        with connect(credentials, role="warehouse", ca=ca) as connection:
            connection.autocommit = True
            warehouse = cls(connection, f"{credentials.dbname} at {credentials.host}", model)
            with warehouse._explained("The failed query writes nothing."):
                yield warehouse

    @contextmanager
    def snapshot(self) -> Generator[None, None, None]:
        """Read in one read-only REPEATABLE READ transaction until the block ends."""
        self.connection.isolation_level = IsolationLevel.REPEATABLE_READ
        self.connection.read_only = True
        try:
            with self.connection.transaction():
                pin_settings(self.connection)
                self.connection.execute("set local datestyle = 'ISO, YMD'")
                yield
        finally:
            self.connection.isolation_level = self.connection.read_only = None

    def prepare(self) -> None:
        """Create the missing tables; refuse those that differ from the declaration."""
        with self._loading():
            prepare_tables(self.connection, self.model.star)

    def migrate(self) -> list[str]:
        """Alter the tables that differ from the declaration; return the statements that ran."""
        with self._loading("Nothing was altered."):
            return migrate_tables(self.connection, self.model)

    def is_prepared(self) -> bool:
        """Return whether the warehouse has its table of commits, even if it is empty."""
        found = self.connection.execute("select to_regclass('hedgehog.commits')").fetchone()
        return found is not None and found[0] is not None

    def is_building(self) -> bool:
        """Return whether the initial load is in progress: there are no foreign keys until then."""
        return is_building(self.connection, self.model.star)

    def last_loaded(self) -> CommitRef | None:
        """Return the highest processed commit that is loaded, None where none is."""
        if not self.is_prepared():
            return None
        row = self.connection.execute(
            "select log, number, batch from hedgehog.commits order by number desc limit 1"
        ).fetchone()
        return CommitRef(*row) if row else None

    def missing(self, end: int) -> list[int]:
        """List the processed commits up to a number that are not loaded, in order."""
        query = (
            "select number from generate_series(1, %s::bigint) as log(number) "
            "where not exists (select from hedgehog.commits as c where c.number = log.number) "
            "order by number"
        )
        return [row[0] for row in self.connection.execute(query, [end])]

    def loaded_on(self, day: date) -> list[int]:
        """List the loaded commits whose batch landed on a day."""
        query = "select number from hedgehog.commits where date = %s order by number"
        return [row[0] for row in self.connection.execute(query, [day])]

    def loaded_through(self) -> int:
        """Return the last ingestion commit that is loaded together with all before it, or 0."""
        row = self.connection.execute(
            "select through from (select number, through, row_number() over (order by number) as n "
            "from hedgehog.commits) as numbered where n = number order by number desc limit 1"
        ).fetchone()
        return row[0] if row else 0

    def load(
        self, commit: ProcessedCommit, tables: Sequence[StarTable], parts_of: PartsOf
    ) -> Loaded:
        """Load a processed commit in one transaction: visible all at once or not at all.

        A load of all tables also records the commit in `hedgehog.commits`. A load of some tables
        is a replay and records nothing. A commit that another loader recorded while this one
        waited for the lock is loaded again all the same, which changes nothing.
        """
        star = self.model.star
        loads_all = len(tables) == len(star)
        affected = [t for t in star.values() if t in tables and commit.holds(f"star/{t.name}")]
        with self._loading():
            building = self.is_building()
            inferred, tombstones, quarantined = 0, 0, 0
            rows, seconds = dict[str, int](), dict[str, float]()
            for table in affected:
                began = monotonic()
                appended = stage_table(
                    self.connection,
                    table,
                    parts_of(table, commit, "rows"),
                    append_as=commit.number if building else None,
                )
                if not building:  # before the rows that need them: the foreign keys are on
                    inferred += infer_members(
                        self.connection, references(star, [table]), staged=True
                    )
                upserted = upsert_staged(self.connection, table, commit.number)
                rows[table.name] = appended + upserted
                deleted = parts_of(table, commit, "tombstones")
                tombstones += add_tombstones(self.connection, table, deleted)
                entries = parts_of(table, commit, "quarantine")
                quarantined += add_quarantine(self.connection, table, entries, commit.number)
                add_resolutions(self.connection, table, parts_of(table, commit, "readmitted"))
                seconds[table.name] = monotonic() - began
            add_restated(self.connection, tables, commit)
            if loads_all:
                self._record(commit)
                inferred += enforce_foreign_keys(self.connection, star)
        return Loaded(rows, seconds, inferred, tombstones, quarantined)

    def _record(self, commit: ProcessedCommit) -> None:
        self.connection.execute(
            "insert into hedgehog.commits "
            "(number, log, batch, kind, date, through, archive_complete) "
            "values (%s, %s, %s, %s, %s, %s, %s) on conflict do nothing",
            [
                commit.number,
                commit.log,
                commit.batch,
                commit.kind,
                commit.date,
                commit.complete_through,
                commit.archive_complete,
            ],
        )

    @contextmanager
    def _loading(
        self, undone: str = "The next run loads again what was not committed."
    ) -> Generator[None, None, None]:
        """Open a transaction that holds the loaders' lock: one loader writes at a time."""
        with self._explained(undone), pinned_transaction(self.connection):
            self.connection.execute("select pg_advisory_xact_lock(%s)", [_LOADERS_LOCK])
            pin_schema(self.connection, self.model.star)
            yield

    @contextmanager
    def _explained(self, undone: str) -> Generator[None, None, None]:
        """Raise an error of PostgreSQL as a HedgehogError that says what was not done."""
        try:
            yield
        except psycopg.Error as error:
            advice = next((text for kind, text in _ADVICE.items() if isinstance(error, kind)), "")
            raise HedgehogError(
                f"The warehouse {self.name} failed: {reason_of(error)}. {undone}{advice}"
            ) from error
