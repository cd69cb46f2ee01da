"""A look at a platform every ten seconds, and a line for each minute."""

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
from hedgehog_pipeline_tests.soak.delays import Delay, Delays
from hedgehog_pipeline_tests.soak.errors import Errors
from hedgehog_pipeline_tests.soak.programs import Held, look_at

BETWEEN_LOOKS = 10.0
_MINUTE = 60.0
_NEW_RUNS = "select id, run_id from runs where id > %s order by id"
_FAILED = "select run_id from runs where id > %s and status in ('FAILURE', 'CANCELED')"
_COMPLETE = "select exists (select from hedgehog.commits where archive_complete)"


@dataclass(frozen=True)
class Look:
    """What was seen at a moment.

    Attributes:
        second: since the watch began.
        held: by the programs.
        delays: of the commits that were loaded since the look before.
        behind: age in seconds of the oldest capture that waits.
        runs: ids of the runs that Dagster was asked for since the look before.
        errors: lines of the log since then that tell of an error.
        blind: why nothing could be seen of the rest, empty where all could.
    """

    second: float
    held: Held = field(default_factory=Held)
    delays: Sequence[Delay] = ()
    behind: float = 0.0
    runs: Sequence[str] = ()
    errors: Sequence[str] = ()
    blind: str = ""


class Watch:
    """Looks at the platform of a sandbox from outside; its own connections are not counted."""

    def __init__(self, place: Sandbox, errors: Errors) -> None:
        """`errors` are those of `hedgehog dev`; what was found of them before is not seen again."""
        environment = place.environment()
        self._place, self._errors = place, errors
        self._connections: dict[str, psycopg.Connection] = {}
        self._began = time.monotonic()
        lake = Lake.of(
            place.s3.client(),
            environment["HEDGEHOG_INGESTION_BUCKET"],
            environment["HEDGEHOG_PROCESSED_BUCKET"],
        )
        self._delays = Delays(lake, lambda query, *values: self._ask(WAREHOUSE, query, *values))
        self._first_run = self._last_run = self._newest_run()

    @property
    def second(self) -> float:
        return time.monotonic() - self._began

    def look(self) -> Look:
        """Look once; what cannot be asked now is seen by the next look."""
        errors = self._errors.look()
        try:
            held = look_at(self._place, self._connection("postgres"))
            found = self._ask(DAGSTER, _NEW_RUNS, self._last_run)
            delays = self._delays.look()
        except (psycopg.Error, HedgehogError, BotoCoreError, ClientError) as error:
            return Look(self.second, errors=errors, blind=str(error))
        self._last_run = found[-1][0] if found else self._last_run
        behind = self._delays.behind(datetime.now(timezone.utc))
        runs = [run for _, run in found]
        return Look(self.second, held, delays, behind, runs, errors)

    def has_loaded(self) -> bool:
        """Tell whether the warehouse holds the archive."""
        try:
            return self._ask(WAREHOUSE, _COMPLETE)[0][0]
        except psycopg.errors.UndefinedTable:  # the first load makes the tables
            return False

    def failed_runs(self) -> list[str]:
        """Give the ids of the runs since the beginning that failed."""
        return [run for (run,) in self._ask(DAGSTER, _FAILED, self._first_run)]

    def for_minutes(self, minutes: float) -> Iterator[list[Look]]:
        """Look again and again; give the looks of each minute when it is over."""
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
        except psycopg.errors.UndefinedTable:  # Dagster makes its tables when it starts
            return 0

    def _ask(self, database: str, query: str, *values: Any) -> list[tuple[Any, ...]]:
        return self._connection(database).execute(query.encode(), values or None).fetchall()

    def _connection(self, database: str) -> psycopg.Connection:
        """Keep a connection, so that a PostgreSQL without a free slot can still be looked at."""
        found = self._connections.get(database)
        if found is None or found.closed:
            dsn = self._place.postgres.dsn(database)
            found = self._connections[database] = psycopg.connect(dsn, autocommit=True)
        return found
