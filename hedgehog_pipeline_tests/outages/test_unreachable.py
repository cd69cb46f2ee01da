"""The shop or the lake is unreachable for longer than a person's patience."""

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

import psycopg
import pytest

from hedgehog_pipeline_tests.outages.platform import Platform
from hedgehog_pipeline_tests.outages.waiting import awaited

pytestmark = [pytest.mark.outages, pytest.mark.timeout(600)]

_END_SESSIONS = (
    "select pg_terminate_backend(pid) from pg_stat_activity where usename = 'hedgehog_reader'"
)


@contextmanager
def _no_reader(platform: Platform) -> Iterator[None]:
    with psycopg.connect(platform.place.postgres.dsn("postgres"), autocommit=True) as admin:
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
def test_is_told_once_and_heals(
    platform: Platform,
    outage: Callable[[Platform], AbstractContextManager[None]],
    what: str,
    schedule: str,
    least: float,
):
    alerts, began = platform.alerts(), time.monotonic()
    failing, well_again = f"Hedgehog: {what} failing", f"Hedgehog: {what} well again"
    with outage(platform):
        platform.change()
        awaited(lambda: failing in alerts.subjects(), 240)
        failed = platform.all_runs("FAILURE")
        platform.launch(schedule)
        awaited(lambda: platform.all_runs("FAILURE") > failed, 240)
        looked = platform.ticks("failed_runs")  # after the outage it would be alerted
        awaited(lambda: platform.ticks("failed_runs") >= looked + 2, 240)
        told = platform.ticks("health")
        awaited(lambda: platform.ticks("health") >= told + 1, 240)
        awaited(lambda: time.monotonic() >= began + least, least)
        seconds = time.monotonic() - began
    platform.heals(f"{what} unreachable for {seconds:.0f} s")
    awaited(lambda: well_again in alerts.subjects())
    told = platform.ticks("health")
    awaited(lambda: platform.ticks("health") >= told + 1)
    assert alerts.subjects() == [failing, well_again]
