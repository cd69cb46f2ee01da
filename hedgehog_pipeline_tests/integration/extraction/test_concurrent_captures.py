"""Captures at the same time as other captures, and as sessions that rewrite tables."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timezone

import pytest

from hedgehog_pipeline.runner.execute import execute
from hedgehog_pipeline.sandbox.waiting import await_condition
from hedgehog_pipeline_tests.support.capturing import assert_landed_once, capture, capturing
from hedgehog_pipeline_tests.support.landed import in_shop, keys, landed
from hedgehog_pipeline_tests.support.odd_shop import place, seed
from hedgehog_pipeline_tests.support.world import World


def await_waiting_readers(world: World, count: int) -> None:
    """Wait until `count` captures wait for a lock on a table."""
    waiting = (
        "select count(*) from pg_locks join pg_stat_activity using (pid)"
        " where usename = 'reader' and datname = current_database() and not granted"
    )
    assert await_condition(lambda: world.shop.execute(waiting).fetchone() == (count,), 60)


def test_of_two_captures_the_first_wins_and_the_other_is_discarded(shop: World):
    place(shop.shop, 2)
    with capturing(shop) as finish_first, capturing(shop) as finish_second:
        (third,) = place(shop.shop)
        winner = finish_second()
        assert finish_first() is None
    assert winner is not None
    assert keys(landed(shop, after=1)) == ["4", "5"]
    assert keys(capture(shop)) == [third]
    assert_landed_once(shop)


def test_of_two_first_captures_one_is_discarded(world: World):
    seed(world)
    with capturing(world) as finish_first, capturing(world) as finish_second:
        assert finish_first() is not None
        assert finish_second() is None
    assert landed(world) == in_shop(world)
    assert_landed_once(world)


def test_two_extraction_runs_at_once_land_everything_once(
    shop: World, caplog: pytest.LogCaptureFixture
):
    placed = place(shop.shop, 2)
    today = datetime.now(timezone.utc).date()
    with ThreadPoolExecutor() as threads, caplog.at_level("INFO", "hedgehog_pipeline"):
        with shop.connect() as gate:
            gate.execute("lock table sales_order")
            arguments = (shop.deployment, "extraction", today)
            runs = [threads.submit(execute, *arguments) for _ in "ab"]
            await_waiting_readers(shop, 2)
        for run in runs:
            run.result()
    events = {getattr(record, "event", "") for record in caplog.records}
    assert events - {"written"} == {"committed", "let go"}
    assert keys(landed(shop, after=1)) == placed
    assert_landed_once(shop)


def test_two_whole_runs_at_once_both_load_all_rows_of_the_shop(shop: World):
    with ThreadPoolExecutor() as threads:
        with shop.connect() as gate:
            gate.execute("lock table sales_order")
            runs = [threads.submit(shop.run) for _ in "ab"]
            await_waiting_readers(shop, 2)
            place(gate, 2)
        for run in runs:
            run.result()
    assert shop.query("select count(*) from fact_sales_order") == [(5,)]
    assert_landed_once(shop)
    assert shop.run() == []


def test_a_rewrite_during_the_first_capture_shows_no_empty_table(world: World):
    seed(world)
    with ThreadPoolExecutor() as threads:
        with world.connect() as session:
            session.execute("alter table sales_order alter units_sold type bigint")
            capturing_rows = threads.submit(capture, world)
            await_waiting_readers(world, 1)
        rows = capturing_rows.result()
    assert rows == in_shop(world)
    assert_landed_once(world)


def test_a_rewrite_during_an_increment_shows_no_empty_table(shop: World):
    with ThreadPoolExecutor() as threads:
        with shop.connect() as session:
            session.execute("alter table sales_order alter units_sold type bigint")
            place(session)
            capturing_rows = threads.submit(capture, shop)
            await_waiting_readers(shop, 1)
        rows = capturing_rows.result()
    # A rewrite gives every row a new xmin, so all land again; the warehouse adds no version.
    assert keys(rows) == ["1", "2", "3", "4"]
    assert capture(shop) == Counter()


def test_rows_inserted_after_a_truncate_during_a_capture_land_at_once(shop: World):
    with ThreadPoolExecutor() as threads:
        with shop.connect() as session:
            session.execute("truncate sales_order cascade")
            placed = place(session, 2)
            capturing_rows = threads.submit(capture, shop)
            await_waiting_readers(shop, 1)
        rows = capturing_rows.result()
    assert keys(rows) == placed
    assert_landed_once(shop)
