"""How much a run of one changed order writes to Dagster's records, in events and bytes."""

from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
from dagster import DagsterInstance

from hedgehog_pipeline_tests.support.records_storage import pooled_instance
from hedgehog_pipeline_tests.support.ticks import launched, shop_tick
from hedgehog_pipeline_tests.support.world import World

_RUNS = 5
_MINUTES_A_DAY = 24 * 60
_MAX_EVENTS = 130

_SIZES = "select relname::text, pg_total_relation_size(relid) from pg_stat_user_tables"


@pytest.fixture
def instance(opened: World, tmp_path: Path) -> Iterator[DagsterInstance]:
    with pooled_instance(opened.servers, tmp_path, "written") as instance:
        yield instance


def _change_an_order(world: World, instance: DagsterInstance) -> str:
    world.shop.execute("update sales_order set units_sold = units_sold + 1, last_updated = now()")
    return launched(world, instance, shop_tick(world, instance)).run_id


def test_a_run_of_one_changed_order_writes_few_records(
    opened: World, instance: DagsterInstance, tell: Callable[[str], None]
) -> None:
    _change_an_order(opened, instance)  # also writes the snapshots of the job, once
    with psycopg.connect(opened.servers.postgres.dsn("written"), autocommit=True) as records:
        before = dict(records.execute(_SIZES).fetchall())
        runs = [_change_an_order(opened, instance) for _run in range(_RUNS)]
        grown = {
            name: (size - before[name]) / _RUNS for name, size in records.execute(_SIZES).fetchall()
        }
    events = [len(instance.all_logs(run)) for run in runs]
    kilobytes = sum(grown.values()) / 1000
    parts = ", ".join(f"{name} {size / 1000:.0f}" for name, size in grown.items() if size > 0)
    tell(f"A run of one changed order writes {max(events)} events, {kilobytes:.0f} kB: {parts}.")
    for per_minute, rate in ((1, "a minute"), (6, "every ten seconds")):
        runs_a_day = per_minute * _MINUTES_A_DAY
        daily_events, gigabytes = runs_a_day * max(events), runs_a_day * kilobytes / 1e6
        tell(f"One {rate}: {daily_events:,} events, {gigabytes:.2f} GB a day.")
    assert max(events) <= _MAX_EVENTS
