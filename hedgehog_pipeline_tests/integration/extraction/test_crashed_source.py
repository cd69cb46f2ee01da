"""The source server crashes: it assigns transaction ids again that never reached its disk."""

import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from typing import Any

import psycopg
import pytest

from hedgehog_pipeline.errors import HedgehogError
from hedgehog_pipeline.extraction import confirmed
from hedgehog_pipeline.lake.bucket import Bucket
from hedgehog_pipeline.postgres import connection as databases
from hedgehog_pipeline.sandbox.postgres import PostgresServer
from hedgehog_pipeline_tests.support.capturing import assert_landed_once, capture
from hedgehog_pipeline_tests.support.crashing import (
    FORTY_ROLLBACKS,
    crash,
    forgetful_server,
    nothing_flushed,
)
from hedgehog_pipeline_tests.support.landed import in_shop, keys, landed
from hedgehog_pipeline_tests.support.odd_shop import place, seed
from hedgehog_pipeline_tests.support.pooled import Pooled
from hedgehog_pipeline_tests.support.warehouse_rows import assert_warehouse_is_the_shop
from hedgehog_pipeline_tests.support.world import Servers, World

Shop = psycopg.Connection[Any]


@pytest.fixture(scope="module")
def cluster() -> Iterator[PostgresServer]:
    with forgetful_server() as server:
        yield server


@pytest.fixture
def world(servers: Servers, cluster: PostgresServer) -> Iterator[World]:
    """A shop on that server, captured."""
    with World.make(Servers(cluster, servers.aws)) as world:
        seed(world)
        capture(world)
        yield world


@contextmanager
def _crashing(
    world: World, monkeypatch: pytest.MonkeyPatch, change: Callable[[Shop], object]
) -> Iterator[None]:
    """Change the shop, and crash its server when a commit is created; nothing is flushed unless
    somebody waits for it."""
    create = Bucket.create

    def crash_and_create(bucket: Bucket, key: str, *rest: Any) -> bool:
        if key.startswith("commits/"):
            crash(world.servers.postgres)
        return create(bucket, key, *rest)

    with nothing_flushed(world) as writer, monkeypatch.context() as patch:
        world.shop.execute(FORTY_ROLLBACKS)
        change(world.shop)
        patch.setattr(confirmed, "sleep", lambda pause: (writer.resume(), time.sleep(pause)))
        patch.setattr(Bucket, "create", crash_and_create)
        with suppress(HedgehogError):
            yield


@contextmanager
def _up_again(world: World) -> Iterator[World]:
    """Start the server, and use the ids that were in use before: a counter that went back would be
    noticed."""
    server = world.servers.postgres.start()
    with psycopg.connect(server.dsn(world.shop_database), autocommit=True) as shop:
        for _ in range(20):
            place(shop)
        shop.execute(FORTY_ROLLBACKS)
        yield replace(world, shop=shop)


@pytest.mark.parametrize("captured", [capture, World.run])
def test_rows_after_a_crash_land_although_their_transaction_ids_were_used_before(
    world: World, monkeypatch: pytest.MonkeyPatch, captured: Callable[[World], object]
):
    placed: list[str] = []
    with _crashing(world, monkeypatch, lambda shop: placed.extend(place(shop))):
        captured(world)
    assert keys(landed(world, after=1)) == placed
    with _up_again(world) as again:
        capture(again)
        assert not in_shop(again) - landed(again)
        assert_landed_once(again)


def test_a_slice_of_the_initial_load_survives_a_crash(
    servers: Servers, cluster: PostgresServer, monkeypatch: pytest.MonkeyPatch
):
    with World.make(Servers(cluster, servers.aws), slice_rows=10) as world:
        seed(world)
        with _crashing(world, monkeypatch, lambda shop: place(shop, 20)):
            capture(world)
        assert len(world.commits(world.settings.ingestion_bucket)) == 1
        with _up_again(world) as again:
            while not again.deployment.initial_load_landed():
                capture(again)
            capture(again)
            assert_landed_once(again)


def test_deletions_that_were_detected_before_a_crash_survive_it(
    world: World, monkeypatch: pytest.MonkeyPatch
):
    world.run()
    deletion = "delete from sales_order where sales_order_id = 2"
    with _crashing(world, monkeypatch, lambda shop: shop.execute(deletion)):
        world.detect_deletes()
    kinds = [commit["kind"] for commit in world.commits(world.settings.ingestion_bucket)]
    assert kinds[-1] == "sweep"
    with _up_again(world) as again:
        again.run()
        assert_warehouse_is_the_shop(again)


def test_a_crash_behind_a_pooler_while_a_capture_waits_is_noticed(
    world: World, monkeypatch: pytest.MonkeyPatch
):
    """The next transaction would reach the restarted server, which has continued."""
    server, crashed = world.servers.postgres, list[int]()

    def restart_and_continue(_pause: float) -> None:
        if not crashed:
            crash(server)
            server.start()
        with psycopg.connect(server.dsn(world.shop_database)) as shop:
            crashed.extend(map(int, place(shop, 20)))

    with monkeypatch.context() as patch, nothing_flushed(world):
        patch.setattr(databases, "_Polled", Pooled)
        patch.setattr(confirmed, "sleep", restart_and_continue)
        world.shop.execute(FORTY_ROLLBACKS)
        place(world.shop)
        with pytest.raises(HedgehogError, match="run again"):
            capture(world)
    assert len(world.commits(world.settings.ingestion_bucket)) == 1
    with _up_again(world) as again:
        capture(again)
        assert_landed_once(again)


def test_a_source_that_does_not_flush_is_reported_and_nothing_lands(
    world: World, monkeypatch: pytest.MonkeyPatch
):
    with nothing_flushed(world):
        placed = place(world.shop)
        with monkeypatch.context() as patch:
            patch.setattr(confirmed, "_FLUSH_SECONDS", 0.1)
            with pytest.raises(HedgehogError, match="has not flushed its WAL to disk within"):
                capture(world)
        assert len(world.commits(world.settings.ingestion_bucket)) == 1
    assert keys(capture(world)) == placed


def test_a_capture_that_finds_nothing_does_not_wait_for_the_disk(
    world: World, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(confirmed, "_FLUSH_SECONDS", 0.0)
    with nothing_flushed(world):
        world.shop.execute(FORTY_ROLLBACKS)
        assert capture(world) == Counter()


def test_an_open_transaction_that_wrote_last_delays_no_capture(
    world: World, monkeypatch: pytest.MonkeyPatch
):
    """Nobody waits for what it wrote, so the server would flush it at its next checkpoint only."""
    monkeypatch.setattr(confirmed, "_FLUSH_SECONDS", 3.0)
    placed = place(world.shop)
    with world.connect() as late:
        mine = place(late)
        assert keys(capture(world)) == placed
    assert keys(capture(world)) == mine
