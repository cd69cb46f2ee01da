"""The shop's server crashes: transaction ids that its disk never saw are given out again."""

import os
import signal
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import psutil
import psycopg
import pytest

from hedgehog_pipeline.errors import HedgehogError
from hedgehog_pipeline.extraction import source
from hedgehog_pipeline.lake.bucket import Bucket
from hedgehog_pipeline.sandbox.postgres import PostgresServer
from hedgehog_pipeline_tests.extraction.capturing import assert_landed_once, capture
from hedgehog_pipeline_tests.extraction.landed import in_shop, keys, landed
from hedgehog_pipeline_tests.extraction.shop import furnish, place
from hedgehog_pipeline_tests.world import Servers, World

_FORTY_ROLLBACKS = (
    "do $$ begin for i in 1..40 loop perform pg_current_xact_id(); rollback; end loop; end $$"
)


@pytest.fixture(scope="module")
def cluster() -> Iterator[PostgresServer]:
    """A server whose sessions do not wait for the disk."""
    with (
        TemporaryDirectory() as folder,
        PostgresServer(Path(folder) / "postgres", durable=False) as postgres,
    ):
        yield postgres


@pytest.fixture
def world(servers: Servers, cluster: PostgresServer) -> Iterator[World]:
    """A shop on that server, captured."""
    with World.make(Servers(cluster, servers.aws)) as world:
        furnish(world)
        capture(world)
        yield world


@contextmanager
def _nothing_flushed(world: World) -> Iterator[psutil.Process]:
    """Stop the process that writes to the shop's disk what nobody waits for."""
    query = "select pid from pg_stat_activity where backend_type = 'walwriter'"
    ((pid,),) = world.shop.execute(query).fetchall()
    writer = psutil.Process(pid)
    writer.suspend()
    try:
        yield writer
    finally:
        if writer.is_running():
            writer.resume()


def _crash(server: PostgresServer) -> None:
    """Kill every process of a server at once."""
    pid = server._pid()
    assert pid is not None
    postmaster = psutil.Process(pid)
    processes = [postmaster, *postmaster.children()]
    for process in processes:
        os.kill(process.pid, signal.SIGKILL)
    psutil.wait_procs(processes, timeout=10)


def test_rows_after_a_crash_land_although_their_transaction_ids_were_in_use_before(
    world: World, monkeypatch: pytest.MonkeyPatch
):
    server, create = world.servers.postgres, Bucket.create

    def crash_and_create(bucket: Bucket, key: str, *rest: Any) -> bool:
        if key.startswith("commits/"):
            _crash(server)
        return create(bucket, key, *rest)

    with _nothing_flushed(world) as writer:
        world.shop.execute(_FORTY_ROLLBACKS)
        placed = place(world.shop)
        monkeypatch.setattr(
            source, "sleep", lambda pause: (writer.resume(), time.sleep(pause)), raising=False
        )
        monkeypatch.setattr(Bucket, "create", crash_and_create)
        with suppress(HedgehogError):
            capture(world)
        monkeypatch.undo()
    assert keys(landed(world, after=1)) == placed

    server.start()
    with psycopg.connect(server.dsn(world.shop_database), autocommit=True) as shop:
        world = replace(world, shop=shop)
        for _ in range(20):
            place(world.shop)
        world.shop.execute(_FORTY_ROLLBACKS)  # a counter that has gone back would be noticed
        capture(world)
        assert not in_shop(world) - landed(world)
        assert_landed_once(world)


def test_a_source_whose_disk_does_not_follow_is_told_and_nothing_is_landed(
    world: World, monkeypatch: pytest.MonkeyPatch
):
    with _nothing_flushed(world):
        placed = place(world.shop)
        with monkeypatch.context() as patch:
            patch.setattr(source, "_FLUSH_SECONDS", 0.1)
            with pytest.raises(HedgehogError, match="has not written to its disk within"):
                capture(world)
        assert len(world.commits(world.settings.ingestion_bucket)) == 1
    assert keys(capture(world)) == placed


def test_a_capture_that_finds_nothing_does_not_wait_for_the_disk(
    world: World, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(source, "_FLUSH_SECONDS", 0.0)
    with _nothing_flushed(world):
        world.shop.execute(_FORTY_ROLLBACKS)
        assert capture(world) == Counter()


def test_an_open_transaction_that_wrote_last_keeps_no_capture_waiting(
    world: World, monkeypatch: pytest.MonkeyPatch
):
    """Nobody waits for what it wrote, so the server would let it lie until its next checkpoint."""
    monkeypatch.setattr(source, "_FLUSH_SECONDS", 3.0)
    placed = place(world.shop)
    with world.connect() as late:
        mine = place(late)
        assert keys(capture(world)) == placed
    assert keys(capture(world)) == mine
