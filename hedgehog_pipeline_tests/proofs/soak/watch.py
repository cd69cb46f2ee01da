"""Observes a platform every ten seconds, and summarises each minute."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Any

import psycopg
from botocore.exceptions import BotoCoreError, ClientError

from hedgehog_pipeline.errors import HedgehogError
from hedgehog_pipeline.lake.lake import Lake
from hedgehog_pipeline.sandbox.databases import DAGSTER, WAREHOUSE
from hedgehog_pipeline.sandbox.sandbox import Sandbox
from hedgehog_pipeline_tests.proofs.soak.delays import Delay, Delays
from hedgehog_pipeline_tests.proofs.soak.errors import Errors
from hedgehog_pipeline_tests.proofs.soak.programs import Usage, look_at

BETWEEN_LOOKS = 10.0
_MINUTE = 60.0
_NEW_RUNS = "select id, run_id from runs where id > %s order by id"
_FAILED = "select run_id from runs where id > %s and status in ('FAILURE', 'CANCELED')"
_COMPLETE = "select exists (select from hedgehog.commits where archive_complete)"


@dataclass(frozen=True)
class Look:
    """What was observed at one time.

    Attributes:
        second: since the watch began.
        usage: the resources of the processes.
        delays: of the commits loaded since the look before.
        behind: the age in seconds of the oldest waiting capture.
        runs: the ids of the runs that were created since the look before.
        errors: the error lines in the log since then.
        blind: why the rest could not be observed, empty if it could.
    """

    second: float
    usage: Usage = field(default_factory=Usage)
    delays: Sequence[Delay] = ()
    behind: float = 0.0
    runs: Sequence[str] = ()
    errors: Sequence[str] = ()
    blind: str = ""


class Watch:
    """Observes the platform of a sandbox from outside; its own connections are not counted."""

    def __init__(self, sandbox: Sandbox, errors: Errors) -> None:
        """`errors` reads the output of `hedgehog dev`; it returns each error once."""
        environment = sandbox.environment()
        self._sandbox, self._errors = sandbox, errors
        self._connections: dict[str, psycopg.Connection] = {}
        self._began = time.monotonic()
        lake = Lake.of(
            sandbox.s3.client(),
            environment["HEDGEHOG_INGESTION_BUCKET"],
            environment["HEDGEHOG_PROCESSED_BUCKET"],
        )
        self._delays = Delays(lake, lambda query, *values: self._ask(WAREHOUSE, query, *values))
        self._first_run = self._last_run = self._newest_run()

    @property
    def second(self) -> float:
        return time.monotonic() - self._began

    def look(self) -> Look:
        """Observe once; what cannot be read now is in the next look."""
        errors = self._errors.look()
        try:
            usage = look_at(self._sandbox, self._connection("postgres"))
            found = self._ask(DAGSTER, _NEW_RUNS, self._last_run)
            delays = self._delays.look()
        except (psycopg.Error, HedgehogError, BotoCoreError, ClientError) as error:
            return Look(self.second, errors=errors, blind=str(error))
        self._last_run = found[-1][0] if found else self._last_run
        behind = self._delays.behind(datetime.now(timezone.utc))
        runs = [run for _, run in found]
        return Look(self.second, usage, delays, behind, runs, errors)

    def has_loaded(self) -> bool:
        """Return whether the initial load is in the warehouse."""
        try:
            return self._ask(WAREHOUSE, _COMPLETE)[0][0]
        except psycopg.errors.UndefinedTable:  # the first load creates the tables
            return False

    def failed_runs(self) -> list[str]:
        """Return the ids of the runs that failed since the watch began."""
        return [run for (run,) in self._ask(DAGSTER, _FAILED, self._first_run)]

    def for_minutes(self, minutes: float) -> Iterator[list[Look]]:
        """Observe repeatedly; yield the looks of each minute at its end."""
        looks: list[Look] = []
        while self.second < minutes * _MINUTE:
            due = self.second + BETWEEN_LOOKS
            looks.append(self.look())
            time.sleep(max(0.0, due - self.second))
            if self.second // _MINUTE > looks[0].second // _MINUTE:
                yield looks
                looks = []

    def _newest_run(self) -> int:
        try:
            return self._ask(DAGSTER, "select coalesce(max(id), 0) from runs")[0][0]
        except psycopg.errors.UndefinedTable:  # Dagster creates its tables when it starts
            return 0

    def _ask(self, database: str, query: str, *values: Any) -> list[tuple[Any, ...]]:
        return self._connection(database).execute(query.encode(), values or None).fetchall()

    def _connection(self, database: str) -> psycopg.Connection:
        """Return a kept connection, to observe also a PostgreSQL without free slots."""
        found = self._connections.get(database)
        if found is None or found.closed:
            dsn = self._sandbox.postgres.dsn(database)
            found = self._connections[database] = psycopg.connect(dsn, autocommit=True)
        return found
