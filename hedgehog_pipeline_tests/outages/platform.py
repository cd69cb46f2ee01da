"""The platform at work in a folder of its own, what a test does to it and asks of it."""

import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import psutil
import psycopg

from hedgehog_pipeline.sandbox.databases import DAGSTER, SHOP, WAREHOUSE
from hedgehog_pipeline.sandbox.dev import platform_at_work, processes_of
from hedgehog_pipeline.sandbox.sandbox import Sandbox
from hedgehog_pipeline.sandbox.schedule_tick import launch_tick
from hedgehog_pipeline.settings import Settings
from hedgehog_pipeline_tests.outages.alerts import Alerts
from hedgehog_pipeline_tests.outages.proxy import Proxy
from hedgehog_pipeline_tests.outages.waiting import awaited
from hedgehog_pipeline_tests.servers import Servers
from hedgehog_pipeline_tests.truth import differences
from hedgehog_pipeline_tests.world import Rows, World

ORDERS = 300
_PATIENCE = 280.0
_NEW_ORDER = """
    insert into sales_order
    select (select max(sales_order_id) + 1 from sales_order), moment, moment, design_id, staff_id,
        counterparty_id, %s, unit_price, currency_id, agreed_delivery_date, agreed_payment_date,
        agreed_delivery_location_id
    from sales_order, (select current_timestamp at time zone 'utc') as now (moment)
    order by sales_order_id limit 1
"""
_RENAMED = """
    update department set department_name = %s, last_updated = current_timestamp at time zone 'utc'
    where department_id = (select min(department_id) from department)
"""


class Platform:
    """`dagster dev` on a sandbox whose S3 server stands behind a proxy."""

    def __init__(self, place: Sandbox, proxy: Proxy, port: int, log: Path) -> None:
        self.place, self.proxy, self.healed = place, proxy, list[tuple[str, float, str]]()
        self._port, self._log, self._stack = port, log, ExitStack()
        self._changes, self._starts, self._queues = 0, 0, 0

    def start(self) -> None:
        self._starts += 1
        log = self._log.with_suffix(f".{self._starts}")
        started = platform_at_work(
            self.place.folder, orders=ORDERS, port=self._port, log=log, trading=False
        )
        self.dagster = self._stack.enter_context(started)

    def stop(self) -> None:
        self._stack.close()

    def change(self) -> None:
        """A new order, and a department with another name: a fact and a joined dimension."""
        self._changes += 1
        with psycopg.connect(self.place.shop_dsn()) as shop:
            shop.execute(_NEW_ORDER, [900_000 + self._changes])
            shop.execute(_RENAMED, [f"Department {self._changes}"])

    def launch(self, schedule: str) -> None:
        """Launch what a schedule launches at its hour."""
        launch_tick(self._port, schedule)

    def is_true(self) -> bool:
        """Whether every table of the warehouse holds exactly what the shop says, each row once."""
        world = World(
            Servers(self.place.postgres, self.place.aws), Settings(), None, SHOP, WAREHOUSE
        )
        try:
            return not differences(world)
        except psycopg.Error:
            return False

    def heals(self, name: str, patience: float = _PATIENCE) -> None:
        """See that the change arrives, from now on without a person; note the seconds.

        Where `dagster dev` has ended it is started again, as a supervisor or `make dev` would.
        """
        began, how = time.monotonic(), "by itself"

        def arrived() -> bool:
            nonlocal how
            if self.dagster.poll() is not None:
                how = "make dev again"
                self.stop()
                self.start()
            return self._versions_of_order() == 1 and self.is_true()

        awaited(arrived, patience)
        self.healed.append((name, time.monotonic() - began, how))

    def _versions_of_order(self) -> int:
        """How many versions of the newest order the warehouse holds; few or many are a fault."""
        asked = "select count(*) from fact_sales_order where units_sold = %s"
        try:
            return self.ask(WAREHOUSE, asked, 900_000 + self._changes)[0][0]
        except psycopg.Error:
            return 0

    def ask(self, database: str, question: str, *values: Any) -> Rows:
        with psycopg.connect(self.place.postgres.dsn(database), autocommit=True) as connection:
            return connection.execute(question.encode(), values or None).fetchall()

    def runs(self, *statuses: str) -> int:
        """How many runs there are of these statuses or any, but for checks and reports.

        Nor what a schedule launches: the hour may begin at any moment.
        """
        asked = (
            "select count(*) from runs where pipeline_name not in ('checks', 'report') "
            "and not exists (select from run_tags where run_tags.run_id = runs.run_id "
            "and key = 'dagster/schedule_name') and (%s::text[] = '{}' or status = any(%s))"
        )
        return self.ask(DAGSTER, asked, list(statuses), list(statuses))[0][0]

    def all_runs(self, status: str = "%") -> int:
        """How many runs there are of a status or any, whatever launched them."""
        return self.ask(DAGSTER, "select count(*) from runs where status like %s", status)[0][0]

    def runs_at_work(self) -> int:
        """How many runs are under way or wait, whatever launched them."""
        asked = "select count(*) from runs where status not in ('SUCCESS', 'FAILURE', 'CANCELED')"
        return self.ask(DAGSTER, asked)[0][0]

    def ticks(self, sensor: str) -> int:
        """How often a sensor was asked and answered."""
        asked = (
            "select count(*) from job_ticks where tick_body::json->>'job_name' = %s "
            "and status <> 'STARTED'"
        )
        return self.ask(DAGSTER, asked, sensor)[0][0]

    def at_rest(self) -> bool:
        """Whether no run is under way."""
        return not self.runs("QUEUED", "NOT_STARTED", "STARTING", "STARTED")

    def is_reported(self) -> bool:
        """Whether a report was made since the last load began."""
        asked = (
            "select max(id) filter (where pipeline_name = 'report' and status = 'SUCCESS') > "
            "max(id) filter (where pipeline_name in ('pipeline', 'storage')) from runs"
        )
        return bool(self.ask(DAGSTER, asked)[0][0])

    def has_closed_days(self) -> bool:
        """Whether all past days are closed, which takes some minutes after the first start."""
        asked = (
            "select tick_body::json->>'skip_reason' from job_ticks "
            "where tick_body::json->>'job_name' = 'past_days' and status = 'SKIPPED' "
            "order by id desc limit 1"
        )
        return any("are closed" in (reason or "") for (reason,) in self.ask(DAGSTER, asked))

    def processes(self, part: str) -> list[psutil.Process]:
        """Those of `dagster dev` whose command line holds a text."""
        return processes_of(self.dagster, part)

    def run_process(self, port: int) -> psutil.Process | None:
        """The process of a run that has a connection from this port, if one has."""
        for process in self.processes("multiprocessing"):
            if any(at.laddr.port == port for at in process.net_connections() if at.laddr):
                return process
        return None

    def alerts(self) -> Alerts:
        self._queues += 1
        return Alerts(self.place.aws.endpoint, self.place.s3.keys, f"outages-{self._queues}")
