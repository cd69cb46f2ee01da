"""The source or the lake is unreachable for minutes."""

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

import psycopg
import pytest

from hedgehog_pipeline_tests.proofs.outages.platform import Platform
from hedgehog_pipeline_tests.proofs.outages.waiting import awaited

pytestmark = [pytest.mark.outages, pytest.mark.timeout(600)]

_END_SESSIONS = (
    "select pg_terminate_backend(pid) from pg_stat_activity where usename = 'hedgehog_reader'"
)


@contextmanager
def _no_reader(platform: Platform) -> Iterator[None]:
    with psycopg.connect(platform.sandbox.postgres.dsn("postgres"), autocommit=True) as admin:
        admin.execute("alter role hedgehog_reader nologin")
        admin.execute(_END_SESSIONS)
        try:
            yield
        finally:
            admin.execute("alter role hedgehog_reader login")


def _no_s3(platform: Platform) -> AbstractContextManager[None]:
    return platform.proxy.refusing_all()


@pytest.mark.parametrize(
    ("outage", "what", "schedule", "least"),
    [(_no_reader, "shop", "sweep", 300), (_no_s3, "lake and warehouse", "reconcile", 120)],
)
def test_an_outage_sends_one_alert_and_heals(
    platform: Platform,
    outage: Callable[[Platform], AbstractContextManager[None]],
    what: str,
    schedule: str,
    least: float,
):
    alerts, began = platform.alerts(), time.monotonic()
    failing, recovered = f"Hedgehog: {what} failing", f"Hedgehog: {what} recovered"
    with outage(platform):
        platform.change()
        awaited(lambda: failing in alerts.subjects(), 240)
        failed = platform.all_runs("FAILURE")
        platform.launch(schedule)
        awaited(lambda: platform.all_runs("FAILURE") > failed, 240)
        ticks = platform.ticks("failed_runs")  # after the outage it would be alerted
        awaited(lambda: platform.ticks("failed_runs") >= ticks + 2, 240)
        health_ticks = platform.ticks("health")
        awaited(lambda: platform.ticks("health") >= health_ticks + 1, 240)
        awaited(lambda: time.monotonic() >= began + least, least)
        seconds = time.monotonic() - began
    platform.heals(f"{what} unreachable for {seconds:.0f} s")
    awaited(lambda: recovered in alerts.subjects())
    health_ticks = platform.ticks("health")
    awaited(lambda: platform.ticks("health") >= health_ticks + 1)
    assert alerts.subjects() == [failing, recovered]
