"""What happens to a platform during a soak: trade, marked changes, a file, a sweep, kills."""

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Event

import psycopg

from hedgehog_pipeline.sandbox.databases import WAREHOUSE
from hedgehog_pipeline.sandbox.latency import measure
from hedgehog_pipeline.sandbox.schedule_tick import launch_tick
from hedgehog_pipeline.sandbox.trade import trade
from hedgehog_pipeline_tests.soak.dev import Dev
from hedgehog_pipeline_tests.soak.watch import Watch

_A_SECOND = 2
_PIECE = 20
_BROUGHT = range(900_001, 900_004)
_STAMP = "2026-06-01 09:30:00.123"


@dataclass
class Happened:
    """What was done so far.

    Attributes:
        changes: the second of each marked change's arrival, and the seconds it took.
        killed: what was killed, in order.
        killed_runs: ids of the runs that were killed.
        runs_killed: the seconds at which runs were.
        servers_killed: the seconds at which a server was.
        deleted: key of the payment that was deleted before the sweep.
    """

    changes: list[tuple[float, float]] = field(default_factory=list[tuple[float, float]])
    killed: list[str] = field(default_factory=list[str])
    killed_runs: list[str] = field(default_factory=list[str])
    runs_killed: list[float] = field(default_factory=list[float])
    servers_killed: list[float] = field(default_factory=list[float])
    deleted: int = 0


@dataclass(frozen=True)
class Busy:
    """Does it all to a `hedgehog dev`; each method ends when it is over."""

    dev: Dev
    watch: Watch
    over: Event
    happened: Happened = field(default_factory=Happened)
    chance: random.Random = field(default_factory=lambda: random.Random(7))

    def trade(self) -> None:
        """Trade in short pieces, until it is over."""
        piece = 0
        while not self.over.is_set():
            piece += 1
            trade(self.dev.place.shop_dsn(), seconds=_PIECE, per_second=_A_SECOND, seed=piece)

    def change(self) -> None:
        """Time one marked change after the other, from the shop to the warehouse."""
        changes = measure(self.dev.place, 1_000_000)
        while not self.over.is_set():
            _, seconds = next(changes)
            self.happened.changes.append((self.watch.second, seconds))

    def bring_a_file(self) -> None:
        """Put a CSV with new designs into the inbox."""
        header = "design_id,created_at,last_updated,design_name,file_location,file_name"
        rows = [
            f"{key},{_STAMP},{_STAMP},InboxReader {key},/brought,{key}.json" for key in _BROUGHT
        ]
        self.dev.place.s3.client().put_object(
            Bucket=self.dev.place.environment()["HEDGEHOG_INGESTION_BUCKET"],
            Key="inbox/design/soak.csv",
            Body="\n".join([header, *rows, ""]).encode(),
        )

    def sweep(self) -> None:
        """Delete a payment, and have the schedule look for what is gone."""
        with psycopg.connect(self.dev.place.shop_dsn()) as shop:
            deleted = shop.execute(
                "delete from payment where payment_id = (select min(payment_id) from payment) "
                "returning payment_id"
            ).fetchone()
        assert deleted
        self.happened.deleted = deleted[0]
        launch_tick(self.dev.port, "sweep")

    def kill_a_run(self) -> None:
        """Kill the next run that is at work; none where it is over before one is."""
        second = self.watch.second
        while not (runs := self.dev.kill_runs()):
            if self.over.wait(0.1):
                return
            second = self.watch.second
        self.happened.killed.append("run")
        self.happened.runs_killed.append(second)
        self.happened.killed_runs += runs

    def kill_something(self) -> None:
        """Kill a run nine times of ten, so that the servers grow old."""
        if self.chance.random() < 0.9:
            self.kill_a_run()
            return
        name = self.chance.choice(["s3", "aws"])
        self.happened.killed.append(name)
        self.happened.servers_killed.append(self.watch.second)
        getattr(self.dev.place, name).stop()
        self.dev.place.up()

    def run(self, plan: list[tuple[float, Callable[[], None]]]) -> None:
        """Do each thing of a plan at its second of the watch."""
        for second, deed in sorted(plan, key=lambda each: each[0]):
            if self.over.wait(max(0.0, second - self.watch.second)):
                return
            deed()

    def file_arrived(self) -> bool:
        found = self._ask("select count(*) from dim_design where design_id = any(%s)", [*_BROUGHT])
        return found == len(_BROUGHT)

    def deletion_arrived(self) -> bool:
        """Whether the deleted payment has its tombstone, and is left out of what holds now."""
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
        with psycopg.connect(self.dev.place.postgres.dsn(WAREHOUSE)) as warehouse:
            row = warehouse.execute(query.encode(), [value]).fetchone()
        assert row
        return row[0]
