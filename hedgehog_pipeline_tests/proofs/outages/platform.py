"""The running platform of the outage tests, with actions and checks."""

import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import psutil
import psycopg

from hedgehog_pipeline.sandbox.databases import DAGSTER, SOURCE, WAREHOUSE
from hedgehog_pipeline.sandbox.dev import platform_at_work, processes_of
from hedgehog_pipeline.sandbox.sandbox import Sandbox
from hedgehog_pipeline.sandbox.schedule_tick import launch_tick
from hedgehog_pipeline.settings import Settings
from hedgehog_pipeline_tests.proofs.outages.alerts import Alerts
from hedgehog_pipeline_tests.proofs.outages.proxy import Proxy
from hedgehog_pipeline_tests.proofs.outages.waiting import awaited
from hedgehog_pipeline_tests.support.servers import Servers
from hedgehog_pipeline_tests.support.truth import differences
from hedgehog_pipeline_tests.support.world import Rows, World

ORDERS = 300
_TIMEOUT_SECONDS = 280.0
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
    """`dagster dev` on a sandbox whose S3 server is behind a proxy."""

    def __init__(self, sandbox: Sandbox, proxy: Proxy, port: int, log: Path) -> None:
        self.sandbox, self.proxy, self.healed = sandbox, proxy, list[tuple[str, float, str]]()
        self._port, self._log, self._stack = port, log, ExitStack()
        self._changes, self._starts, self._queues = 0, 0, 0

    def start(self) -> None:
        self._starts += 1
        log = self._log.with_suffix(f".{self._starts}")
        started = platform_at_work(
            self.sandbox.folder, orders=ORDERS, port=self._port, log=log, trading=False
        )
        self.dagster = self._stack.enter_context(started)

    def stop(self) -> None:
        self._stack.close()

    def change(self) -> None:
        """Insert an order and rename a department: a fact and a joined dimension."""
        self._changes += 1
        with psycopg.connect(self.sandbox.shop_dsn()) as shop:
            shop.execute(_NEW_ORDER, [900_000 + self._changes])
            shop.execute(_RENAMED, [f"Department {self._changes}"])

    def launch(self, schedule: str) -> None:
        """Launch what a schedule launches at its hour."""
        launch_tick(self._port, schedule)

    def is_correct(self) -> bool:
        """Return whether every warehouse table has exactly the rows of the shop, each once."""
        world = World(
            Servers(self.sandbox.postgres, self.sandbox.aws), Settings(), None, SOURCE, WAREHOUSE
        )
        try:
            return not differences(world)
        except psycopg.Error:
            return False

    def heals(self, name: str, timeout: float = _TIMEOUT_SECONDS) -> None:
        """Check that the change arrives without manual action; record the seconds.

        If `dagster dev` has ended, it is started again, as a supervisor would do.
        """
        began, how = time.monotonic(), "by itself"

        def arrived() -> bool:
            nonlocal how
            if self.dagster.poll() is not None:
                how = "make dev again"
                self.stop()
                self.start()
            return self._versions_of_order() == 1 and self.is_correct()

        awaited(arrived, timeout)
        self.healed.append((name, time.monotonic() - began, how))

    def _versions_of_order(self) -> int:
        """Return how many versions of the newest order the warehouse has; it must be 1."""
        query = "select count(*) from fact_sales_order where units_sold = %s"
        try:
            return self.ask(WAREHOUSE, query, 900_000 + self._changes)[0][0]
        except psycopg.Error:
            return 0

    def ask(self, database: str, query: str, *values: Any) -> Rows:
        with psycopg.connect(self.sandbox.postgres.dsn(database), autocommit=True) as connection:
            return connection.execute(query.encode(), values or None).fetchall()

    def runs(self, *statuses: str) -> int:
        """Return the number of runs with these statuses (default: any), without checks and reports.

        Runs of schedules are not counted: the full hour may come at any time.
        """
        query = (
            "select count(*) from runs where pipeline_name not in ('checks', 'report') "
            "and not exists (select from run_tags where run_tags.run_id = runs.run_id "
            "and key = 'dagster/schedule_name') and (%s::text[] = '{}' or status = any(%s))"
        )
        return self.ask(DAGSTER, query, list(statuses), list(statuses))[0][0]

    def all_runs(self, status: str = "%") -> int:
        """Return the number of runs of a status or any, whatever launched them."""
        return self.ask(DAGSTER, "select count(*) from runs where status like %s", status)[0][0]

    def live_runs(self) -> int:
        """Return the number of runs that wait or run, whatever launched them."""
        query = "select count(*) from runs where status not in ('SUCCESS', 'FAILURE', 'CANCELED')"
        return self.ask(DAGSTER, query)[0][0]

    def ticks(self, sensor: str) -> int:
        """Return the number of completed ticks of a sensor."""
        query = (
            "select count(*) from job_ticks where tick_body::json->>'job_name' = %s "
            "and status <> 'STARTED'"
        )
        return self.ask(DAGSTER, query, sensor)[0][0]

    def at_rest(self) -> bool:
        """Return whether no run is in progress or queued."""
        return not self.runs("QUEUED", "NOT_STARTED", "STARTING", "STARTED")

    def is_reported(self) -> bool:
        """Return whether a report was made since the last load began."""
        query = (
            "select max(id) filter (where pipeline_name = 'report' and status = 'SUCCESS') > "
            "max(id) filter (where pipeline_name in ('pipeline', 'storage')) from runs"
        )
        return bool(self.ask(DAGSTER, query)[0][0])

    def has_closed_days(self) -> bool:
        """Whether all past days are closed, which takes some minutes after the first start."""
        asked = (
            "select tick_body::json->>'skip_reason' from job_ticks "
            "where tick_body::json->>'job_name' = 'past_days' and status = 'SKIPPED' "
            "order by id desc limit 1"
        )
        return any("are closed" in (reason or "") for (reason,) in self.ask(DAGSTER, asked))

    def processes(self, part: str) -> list[psutil.Process]:
        """Return the processes of `dagster dev` whose command line contains a text."""
        return processes_of(self.dagster, part)

    def run_process(self, port: int) -> psutil.Process | None:
        """Return the run process with a connection from this port, if there is one."""
        for process in self.processes("multiprocessing"):
            if any(at.laddr.port == port for at in process.net_connections() if at.laddr):
                return process
        return None

    def alerts(self) -> Alerts:
        self._queues += 1
        return Alerts(self.sandbox.aws.endpoint, self.sandbox.s3.keys, f"outages-{self._queues}")
