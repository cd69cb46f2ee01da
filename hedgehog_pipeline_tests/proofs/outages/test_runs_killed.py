"""A run is killed in the middle of a stage."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

import psutil
import psycopg
import pytest

from hedgehog_pipeline.sandbox.databases import WAREHOUSE
from hedgehog_pipeline_tests.proofs.outages.platform import Platform
from hedgehog_pipeline_tests.proofs.outages.waiting import awaited

pytestmark = [pytest.mark.outages, pytest.mark.timeout(600)]

_WAITERS = """
    select client_port from pg_stat_activity
    where wait_event_type = 'Lock' and application_name like 'hedgehog %'
"""


@contextmanager
def _locked(dsn: str, table: str) -> Iterator[None]:
    """Lock a table against all other reads and writes."""
    with psycopg.connect(dsn) as connection:
        connection.execute(f"lock table {table} in access exclusive mode".encode())
        yield
        connection.rollback()


@contextmanager
def _reading_the_shop(platform: Platform) -> Iterator[psutil.Process]:
    runs = platform.runs()
    platform.change()
    awaited(lambda: platform.runs() > runs)  # the run was requested, but has not started
    with _locked(platform.sandbox.shop_dsn(), "sales_order"):
        yield _waiting_for_a_lock(platform)


@contextmanager
def _writing_the_warehouse(platform: Platform) -> Iterator[psutil.Process]:
    with _locked(platform.sandbox.postgres.dsn(WAREHOUSE), "fact_sales_order"):
        platform.change()
        yield _waiting_for_a_lock(platform)


def _putting(
    key: str, *, answer_lost: bool
) -> Callable[[Platform], AbstractContextManager[psutil.Process]]:
    @contextmanager
    def putting(platform: Platform) -> Iterator[psutil.Process]:
        with platform.proxy.holding_up(key, answer_lost=answer_lost):
            platform.change()
            port = platform.proxy.caught.get(timeout=120)
            run = platform.run_process(port)
            assert run is not None
            yield run

    return putting


def _waiting_for_a_lock(platform: Platform) -> psutil.Process:
    found: list[psutil.Process] = []

    def waits() -> bool:
        ports = [port for (port,) in platform.ask("postgres", _WAITERS)]
        found.extend(run for port in ports if (run := platform.run_process(port)))
        return bool(found)

    awaited(waits)
    return found[0]


@pytest.mark.parametrize(
    ("held_up", "name"),
    [
        (_reading_the_shop, "extraction, reading the shop"),
        (_putting("/hedgehog-ingestion/oltp/", answer_lost=False), "extraction, putting a part"),
        (_putting("/hedgehog-ingestion/commits/", answer_lost=True), "extraction, just committed"),
        (_putting("/hedgehog-processed/star/", answer_lost=False), "processing, putting a part"),
        (_putting("/hedgehog-processed/commits/", answer_lost=True), "processing, just committed"),
        (_writing_the_warehouse, "storage, writing the warehouse"),
    ],
)
def test_the_work_of_a_killed_run_is_done_by_the_next_one(
    platform: Platform,
    held_up: Callable[[Platform], AbstractContextManager[psutil.Process]],
    name: str,
):
    with held_up(platform) as run:
        run.kill()
        awaited(lambda: not run.is_running() or run.status() == psutil.STATUS_ZOMBIE)
    platform.heals(f"run killed: {name}")
