"""The warehouse: the commits that it holds, and the transaction that takes one more."""

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
from hedgehog_pipeline.model.star import STAR, StarTable
from hedgehog_pipeline.postgres.connection import Credentials, connect, reason_of, settle, settled
from hedgehog_pipeline.storage.ddl import references
from hedgehog_pipeline.storage.foreign_keys import complete_archive, is_building
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
"""Reads what a processed commit holds of a kind and a table, a part at a time."""

_LOADERS_LOCK = 0x4865646765686F67
"""Key of the advisory lock that loaders take; "Hedgehog" in ASCII."""


_ADVICE = {
    psycopg.errors.ReadOnlySqlTransaction: " It is a standby, or its role may only read: name "
    "the primary in the warehouse's secret, or set default_transaction_read_only of the role off.",
    psycopg.errors.UndefinedTable: " The next load makes a view that is gone; for a table see "
    "docs/operations.md, 'The warehouse is lost, restored or different'.",
}
"""What mends what PostgreSQL refuses."""


@dataclass(frozen=True)
class Loaded:
    """What a load wrote.

    Attributes:
        rows: rows written by table; those that were there already are not counted.
        seconds: what each table took.
        inferred: members inferred for keys that no dimension held.
        tombstones: keys that were told to be gone, of facts.
        quarantined: values that were told not to be taken.
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
    """

    connection: Connection
    name: str

    @classmethod
    @contextmanager
    def open(cls, credentials: Credentials, ca: str | None) -> Generator["Warehouse", None, None]:
        """Connect; what PostgreSQL says becomes a sentence."""
        with connect(credentials, role="warehouse", ca=ca) as connection:
            connection.autocommit = True
            warehouse = cls(connection, f"{credentials.dbname} at {credentials.host}")
            with warehouse._explained("It was only read."):
                yield warehouse

    @contextmanager
    def snapshot(self) -> Generator[None, None, None]:
        """See one snapshot, and write nothing, until it is closed."""
        self.connection.isolation_level = IsolationLevel.REPEATABLE_READ
        self.connection.read_only = True
        try:
            with self.connection.transaction():
                settle(self.connection)
                self.connection.execute("set local datestyle = 'ISO, YMD'")
                yield
        finally:
            self.connection.isolation_level = self.connection.read_only = None

    def prepare(self) -> None:
        """Create the tables that are missing; refuse those that differ from the declaration."""
        with self._loading():
            prepare_tables(self.connection)

    def migrate(self) -> list[str]:
        """Alter the tables that differ from the declaration; give the statements that did."""
        with self._loading("Nothing was altered."):
            return migrate_tables(self.connection)

    def is_prepared(self) -> bool:
        """Tell whether the warehouse keeps a list of commits, however empty."""
        found = self.connection.execute("select to_regclass('hedgehog.commits')").fetchone()
        return found is not None and found[0] is not None

    def is_building(self) -> bool:
        """Tell whether the archive is still on its way: the foreign keys are absent until then."""
        return is_building(self.connection)

    def last_loaded(self) -> CommitRef | None:
        """Give the highest processed commit that is loaded, None where none is."""
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
            "where not exists (select from hedgehog.commits as held where held.number = log.number)"
            " order by number"
        )
        return [row[0] for row in self.connection.execute(query, [end])]

    def loaded_on(self, day: date) -> list[int]:
        """List the loaded commits whose batch landed on a day."""
        query = "select number from hedgehog.commits where date = %s order by number"
        return [row[0] for row in self.connection.execute(query, [day])]

    def loaded_through(self) -> int:
        """Give the last ingestion commit that the warehouse holds together with all before it."""
        row = self.connection.execute(
            "select through from (select number, through, row_number() over (order by number) as n "
            "from hedgehog.commits) as numbered where n = number order by number desc limit 1"
        ).fetchone()
        return row[0] if row else 0

    def load(
        self, commit: ProcessedCommit, tables: Sequence[StarTable], parts_of: PartsOf
    ) -> Loaded:
        """Load a processed commit in one transaction, visible at once or not at all.

        A load of all tables writes the commit's own row as well; a load of some is a replay and
        marks nothing. A commit that another loader marked while this one waited for the lock is
        loaded again all the same, which changes nothing.

        Args:
            commit: what to load.
            tables: the tables to load.
            parts_of: reads the rows of a table that a commit holds, a part at a time.
        """
        whole = len(tables) == len(STAR)
        held = [t for t in STAR.values() if t in tables and commit.holds(f"star/{t.name}")]
        with self._loading():
            building = is_building(self.connection)
            inferred, tombstones, quarantined = 0, 0, 0
            rows, seconds = dict[str, int](), dict[str, float]()
            for table in held:
                began = monotonic()
                appended = stage_table(
                    self.connection,
                    table,
                    parts_of(table, commit, "rows"),
                    append_as=commit.number if building else None,
                )
                if not building:  # before the rows that need them: the foreign keys are on
                    inferred += infer_members(self.connection, references([table]), staged=True)
                upserted = upsert_staged(self.connection, table, commit.number)
                rows[table.name] = appended + upserted
                gone = parts_of(table, commit, "tombstones")
                tombstones += add_tombstones(self.connection, table, gone)
                told = parts_of(table, commit, "quarantine")
                quarantined += add_quarantine(self.connection, table, told, commit.number)
                add_resolutions(self.connection, table, parts_of(table, commit, "readmitted"))
                seconds[table.name] = monotonic() - began
            add_restated(self.connection, tables, commit)
            if whole:
                self._mark(commit)
                inferred += complete_archive(self.connection)
        return Loaded(rows, seconds, inferred, tombstones, quarantined)

    def _mark(self, commit: ProcessedCommit) -> None:
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
        self, undone: str = "What was not committed is loaded again by the next run."
    ) -> Generator[None, None, None]:
        """Hold the lock that lets one loader write at a time, for one transaction."""
        with self._explained(undone), settled(self.connection):
            self.connection.execute("select pg_advisory_xact_lock(%s)", [_LOADERS_LOCK])
            pin_schema(self.connection)
            yield

    @contextmanager
    def _explained(self, undone: str) -> Generator[None, None, None]:
        """Turn what PostgreSQL says into a sentence, and say what became of the work."""
        try:
            yield
        except psycopg.Error as error:
            advice = next((said for kind, said in _ADVICE.items() if isinstance(error, kind)), "")
            raise HedgehogError(
                f"The warehouse {self.name} failed: {reason_of(error)}. {undone}{advice}"
            ) from error
