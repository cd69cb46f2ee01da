"""The initial load in slices, while the source changes."""

import threading
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import psycopg
import pytest

from hedgehog_pipeline.sandbox.trade import utc_now
from hedgehog_pipeline.sandbox.trader import Trader
from hedgehog_pipeline_tests.support.capturing import assert_landed_once, capture
from hedgehog_pipeline_tests.support.history import keep_history
from hedgehog_pipeline_tests.support.landed import in_shop, landed
from hedgehog_pipeline_tests.support.odd_shop import change, continue_numbers, place, seed
from hedgehog_pipeline_tests.support.oracle import judge
from hedgehog_pipeline_tests.support.warehouse_rows import assert_warehouse_is_the_shop
from hedgehog_pipeline_tests.support.world import Servers, World


@contextmanager
def trading(world: World, seed: int) -> Iterator[None]:
    """Trade in a thread as one busy user does; check that the trader runs until the end."""
    over = threading.Event()

    def trade() -> Counter[str]:
        dsn = world.servers.postgres.dsn(world.shop_database)
        with psycopg.connect(dsn, autocommit=True) as connection:
            trader = Trader(connection, seed, utc_now)
            while not over.wait(0.02):
                trader.act()
            return trader.done

    with ThreadPoolExecutor() as threads:
        done = threads.submit(trade)
        try:
            yield
            assert not done.done(), done.exception()
        finally:
            over.set()
        assert done.result()["orders changed"]


def kinds(world: World) -> Counter[str]:
    return Counter(c["kind"] for c in world.commits(world.settings.ingestion_bucket))


def assert_every_capture_is_complete(world: World) -> None:
    verdict = judge(world)
    assert not verdict.lost
    assert not verdict.doubled


def test_an_initial_load_during_trade_misses_nothing_and_lands_nothing_twice(
    servers: Servers,
):
    with World.make(servers, slice_rows=150, part_bytes=5_000) as world:
        world.load_archive(400)
        continue_numbers(world)
        keep_history(world)
        with trading(world, seed=1), trading(world, seed=2):
            for _ in range(16):
                capture(world)
        world.run()
        assert kinds(world)["archive"] > 5
        assert kinds(world)["increment"] > 3
        assert_every_capture_is_complete(world)
        assert_warehouse_is_the_shop(world)
        assert world.run() == []


def test_transactions_that_overlap_the_whole_initial_load_land_with_the_first_increment(
    servers: Servers,
):
    with World.make(servers, slice_rows=4) as world, world.connect() as late:
        seed(world, 10)
        keep_history(world)
        place(late)
        change(late, "9", 90)
        while kinds(world)["archive"] < 3:
            capture(world)
            change(world.shop, "1", 20)
            place(world.shop)
        late.commit()
        while not kinds(world)["increment"]:
            capture(world)
        place(world.shop)
        capture(world)
        assert_every_capture_is_complete(world)
        assert_landed_once(world)


def test_an_initial_load_ends_although_the_shop_outruns_its_slices(servers: Servers):
    with World.make(servers, slice_rows=4) as world:
        seed(world, 10)
        for _ in range(8):
            capture(world)
            place(world.shop, 6)
        # At the first slice there were only seven reference rows and ten orders.
        assert kinds(world)["archive"] <= 6
        capture(world)
        assert_landed_once(world)


def test_a_commit_has_at_most_one_slice_of_rows(servers: Servers):
    with World.make(servers, slice_rows=2) as world:
        seed(world, 7)
        slices = []
        while rows := capture(world):
            slices.append(sum(rows.values()))
        # Seven reference rows and seven orders; tables share a slice.
        assert slices == [2] * 7
        assert landed(world) == in_shop(world)
        assert_landed_once(world)


@pytest.mark.parametrize("orders", [6, 7, 8])
def test_a_table_that_ends_at_the_edge_of_a_slice_lands_completely(servers: Servers, orders: int):
    with World.make(servers, slice_rows=7) as world:
        seed(world, orders)
        while any(capture(world)):
            pass
        assert landed(world) == in_shop(world)
        assert_landed_once(world)


def test_an_empty_shop_has_an_initial_load_and_later_rows_are_increments(world: World):
    assert capture(world) == Counter()
    assert kinds(world) == {"archive": 1}
    assert capture(world) == Counter()
    assert kinds(world) == {"archive": 1}
    seed(world)
    assert capture(world) == in_shop(world)
    assert kinds(world) == {"archive": 1, "increment": 1}
    assert_landed_once(world)
