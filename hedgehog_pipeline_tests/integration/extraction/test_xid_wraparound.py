"""Rows store 32 bits of a transaction counter that never stops."""

import shutil
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import sql

from hedgehog_pipeline.extraction.source import SourceSnapshot
from hedgehog_pipeline.sandbox.postgres import PostgresServer
from hedgehog_pipeline.sandbox.postgres_programs import run_program
from hedgehog_pipeline_tests.support.capturing import assert_landed_once, capture
from hedgehog_pipeline_tests.support.landed import in_shop, keys, landed
from hedgehog_pipeline_tests.support.odd_shop import change, place, seed
from hedgehog_pipeline_tests.support.warehouse_rows import assert_warehouse_is_the_shop
from hedgehog_pipeline_tests.support.world import Servers, World

_SEGMENT = 1024 * 1024
"""The transactions in one file of pg_xact, which stores the outcome of each in two bits."""


@pytest.fixture
def world(servers: Servers, tmp_path: Path) -> Iterator[World]:
    """A shop in its own cluster."""
    with (
        PostgresServer(tmp_path / "postgres", durable=False) as postgres,
        World.make(Servers(postgres, servers.aws)) as world,
    ):
        seed(world)
        yield world


def counter(connection: psycopg.Connection[tuple[object, ...]]) -> int:
    """Return the next transaction id with all 64 bits."""
    row = connection.execute("select pg_snapshot_xmax(pg_current_snapshot())::text").fetchone()
    return int(str(row[0] if row else ""))


def moved_on(world: World, transactions: int) -> World:
    """Freeze all rows, move the counter on by so many transactions, and restart the server."""
    server = world.servers.postgres
    for (database,) in world.shop.execute("select datname from pg_database").fetchall():
        world.shop.execute(f'alter database "{database}" allow_connections true'.encode())
        with psycopg.connect(server.dsn(database), autocommit=True) as connection:
            connection.execute("vacuum freeze")
    epoch, number = divmod(counter(world.shop) + transactions, 2**32)
    world.shop.close()
    server.stop()
    outcomes = server._data / "pg_xact" / f"{number // _SEGMENT:04X}"
    if not outcomes.exists():
        outcomes.write_bytes(bytes(_SEGMENT // 4))
        shutil.chown(outcomes, outcomes.parent.owner(), outcomes.parent.group())
    move = ["-x", str(number), "-e", str(epoch), f"--pgdata={server._data}"]
    assert run_program("pg_resetwal", *move, data=server._data, output=server._output)
    server.start()
    shop = psycopg.connect(server.dsn(world.shop_database), autocommit=True)
    return replace(world, shop=shop)


def test_a_counter_that_moved_on_by_billions_lands_nothing_old_and_everything_new(world: World):
    capture(world)
    change(world.shop, "1", 20)
    assert keys(capture(world)) == ["1"]
    before = counter(world.shop)

    # No row may be older than two billion transactions, so rows are frozen on the way.
    for _ in range(2):
        world = moved_on(world, 1_250_000_000)
    assert counter(world.shop) - before >= 2_500_000_000
    assert capture(world) == Counter()
    new = place(world.shop)
    change(world.shop, "2", 30)
    assert keys(capture(world)) == ["2", *new]
    assert_landed_once(world)


def test_a_row_whose_id_repeats_hides_no_open_transaction(
    world: World, monkeypatch: pytest.MonkeyPatch
):
    """In its own table or another one, neither a transaction nor a subtransaction."""
    ((old,),) = world.shop.execute("select xmin::text::bigint from department").fetchall()
    for _ in range(60):  # rows whose ids repeat one by one
        place(world.shop)
    world = moved_on(world, 2**32 + old - 10 - counter(world.shop))
    capture(world)
    while counter(world.shop) < 2**32 + old:
        world.shop.execute("select pg_current_xact_id()")

    with world.connect() as late:
        mine = place(late)
        with late.transaction():
            mine += place(late)
        place(world.shop)
        capture(world)
    assert set(mine) <= set(keys(capture(world)))

    with world.connect() as late, monkeypatch.context() as patch:
        mine = place(late)
        with late.transaction():
            mine += place(late)
        place(world.shop)
        fetch = SourceSnapshot.fetch

        def commit_and_fetch(source: SourceSnapshot, query: sql.Composed) -> list[tuple[Any, ...]]:
            if "pg_xact_status" in query.as_string():
                late.commit()
            return fetch(source, query)

        patch.setattr(SourceSnapshot, "fetch", commit_and_fetch)
        capture(world)
    assert set(mine) <= set(keys(capture(world)))
    assert capture(world) == Counter()


def test_after_a_wraparound_nothing_is_missed_or_doubled_in_the_warehouse(world: World):
    """A row stores 32 bits of its id: an old row looks new once, when these bits repeat."""
    for _ in range(4):
        world.run()
        world = moved_on(world, 1_250_000_000)
    assert counter(world.shop) > 2**32
    end = len(world.commits(world.settings.ingestion_bucket))
    with world.connect() as late:
        mine = place(late)
        new = place(world.shop)
        world.run()
    world.run()
    assert {*mine, *new} <= set(keys(landed(world, after=end)))
    assert set(landed(world).values()) <= {1, 2}
    assert capture(world) == Counter()
    assert world.query("select count(*) from fact_sales_order") == [(5,)]
    assert_warehouse_is_the_shop(world)


def test_a_watermark_that_is_a_whole_round_behind_leads_to_a_full_refresh(world: World):
    capture(world)
    for _ in range(4):
        world = moved_on(world, 1_250_000_000)
    place(world.shop)
    assert capture(world) == in_shop(world)
    assert capture(world) == Counter()
    assert set(landed(world).values()) == {1, 2}
