"""The actions on a platform during a soak: trade, measured changes, an upload, a sweep, kills."""

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Event

import psycopg

from hedgehog_pipeline.sandbox.databases import WAREHOUSE
from hedgehog_pipeline.sandbox.latency import measure
from hedgehog_pipeline.sandbox.schedule_tick import launch_tick
from hedgehog_pipeline.sandbox.trade import trade
from hedgehog_pipeline_tests.proofs.soak.dev import Dev
from hedgehog_pipeline_tests.proofs.soak.watch import Watch

_PER_SECOND = 2
_SECONDS_OF_TRADE = 20
_UPLOADED = range(900_001, 900_004)
_STAMP = "2026-06-01 09:30:00.123"


@dataclass
class Happened:
    """What was done until now.

    Attributes:
        changes: for each measured change, the second of its arrival and its latency in seconds.
        killed: what was killed, in order.
        killed_runs: the ids of the killed runs.
        runs_killed: the seconds at which runs were killed.
        servers_killed: the seconds at which servers were killed.
        deleted: the key of the payment that was deleted before the sweep.
    """

    changes: list[tuple[float, float]] = field(default_factory=list[tuple[float, float]])
    killed: list[str] = field(default_factory=list[str])
    killed_runs: list[str] = field(default_factory=list[str])
    runs_killed: list[float] = field(default_factory=list[float])
    servers_killed: list[float] = field(default_factory=list[float])
    deleted: int = 0


@dataclass(frozen=True)
class Busy:
    """Does all of it to a `hedgehog dev`; each method returns when `over` is set."""

    dev: Dev
    watch: Watch
    over: Event
    happened: Happened = field(default_factory=Happened)
    chance: random.Random = field(default_factory=lambda: random.Random(7))

    def trade(self) -> None:
        """Trade, in short calls, until `over` is set."""
        turn = 0
        while not self.over.is_set():
            turn += 1
            dsn = self.dev.sandbox.shop_dsn()
            trade(dsn, seconds=_SECONDS_OF_TRADE, per_second=_PER_SECOND, seed=turn)

    def change(self) -> None:
        """Measure one change after another, from the shop to the warehouse."""
        changes = measure(self.dev.sandbox, 1_000_000)
        while not self.over.is_set():
            _, seconds = next(changes)
            self.happened.changes.append((self.watch.second, seconds))

    def upload_a_file(self) -> None:
        """Upload a CSV file with new designs to the inbox."""
        header = "design_id,created_at,last_updated,design_name,file_location,file_name"
        rows = [f"{key},{_STAMP},{_STAMP},Uploaded {key},/uploaded,{key}.json" for key in _UPLOADED]
        self.dev.sandbox.s3.client().put_object(
            Bucket=self.dev.sandbox.environment()["HEDGEHOG_INGESTION_BUCKET"],
            Key="inbox/design/soak.csv",
            Body="\n".join([header, *rows, ""]).encode(),
        )

    def sweep(self) -> None:
        """Delete a payment, and launch the delete-detection schedule."""
        with psycopg.connect(self.dev.sandbox.shop_dsn()) as shop:
            deleted = shop.execute(
                "delete from payment where payment_id = (select min(payment_id) from payment) "
                "returning payment_id"
            ).fetchone()
        assert deleted
        self.happened.deleted = deleted[0]
        launch_tick(self.dev.port, "sweep")

    def kill_a_run(self) -> None:
        """Kill the next run that is in progress; none if `over` is set before."""
        second = self.watch.second
        while not (runs := self.dev.kill_runs()):
            if self.over.wait(0.1):
                return
            second = self.watch.second
        self.happened.killed.append("run")
        self.happened.runs_killed.append(second)
        self.happened.killed_runs += runs

    def kill_something(self) -> None:
        """Kill a run in nine of ten cases, else a server: servers should run for long."""
        if self.chance.random() < 0.9:
            self.kill_a_run()
            return
        name = self.chance.choice(["s3", "aws"])
        self.happened.killed.append(name)
        self.happened.servers_killed.append(self.watch.second)
        getattr(self.dev.sandbox, name).stop()
        self.dev.sandbox.up()

    def run(self, plan: list[tuple[float, Callable[[], None]]]) -> None:
        """Call each function of a plan at its second of the watch."""
        for second, action in sorted(plan, key=lambda each: each[0]):
            if self.over.wait(max(0.0, second - self.watch.second)):
                return
            action()

    def file_arrived(self) -> bool:
        found = self._ask("select count(*) from dim_design where design_id = any(%s)", [*_UPLOADED])
        return found == len(_UPLOADED)

    def deletion_arrived(self) -> bool:
        """Return whether the deleted payment has its tombstone and is not in the current view."""
        tombstones = self._ask(
            "select count(*) from hedgehog.tombstones "
            "where table_name = 'fact_payment' and key = %s",
            self.happened.deleted,
        )
        current = self._ask(
            "select count(*) from fact_payment_current where payment_id = %s", self.happened.deleted
        )
        return (tombstones, current) == (1, 0)

    def _ask(self, query: str, value: object) -> int:
        with psycopg.connect(self.dev.sandbox.postgres.dsn(WAREHOUSE)) as warehouse:
            row = warehouse.execute(query.encode(), [value]).fetchone()
        assert row
        return row[0]
