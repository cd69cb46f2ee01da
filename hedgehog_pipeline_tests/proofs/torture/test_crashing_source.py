"""The server of a shop is killed repeatedly, at any step: nothing is lost and nothing is invented.

Its sessions commit asynchronously. So each crash undoes commits that are not flushed, and their
transaction ids are assigned again.
"""

import random
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from typing import Any

import psycopg
import pytest

from hedgehog_pipeline.errors import HedgehogError
from hedgehog_pipeline.extraction import confirmed
from hedgehog_pipeline.lake.bucket import Bucket
from hedgehog_pipeline.sandbox.postgres import PostgresServer
from hedgehog_pipeline_tests.support.capturing import capture
from hedgehog_pipeline_tests.support.crashing import (
    FORTY_ROLLBACKS,
    crash,
    forgetful_server,
    nothing_flushed,
)
from hedgehog_pipeline_tests.support.landed import in_shop, landed
from hedgehog_pipeline_tests.support.odd_shop import place, seed
from hedgehog_pipeline_tests.support.warehouse_rows import assert_warehouse_is_the_shop
from hedgehog_pipeline_tests.support.world import Servers, World

_STAGES: tuple[Callable[[World], object], ...] = (capture, capture, World.run, World.detect_deletes)
_CRASHES = 40
_SOME = "sales_order_id % 7 = {}"


@pytest.fixture(scope="module")
def cluster() -> Iterator[PostgresServer]:
    with forgetful_server() as server:
        yield server


@pytest.mark.torture
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("random_seed", [4, 5])
def test_landed_rows_are_in_the_shop_after_any_number_of_crashes(
    servers: Servers, cluster: PostgresServer, tell: Callable[[str], None], random_seed: int
):
    chance, kinds = random.Random(random_seed), Counter[str]()
    with World.make(Servers(cluster, servers.aws), slice_rows=40) as world:
        seed(world, 150)
        for number in range(1, _CRASHES + 1):
            world = _crashed(world, chance)  # noqa: PLW2901
            _write(world.shop, chance)
            world.shop.execute(FORTY_ROLLBACKS)  # a counter that went back would be detected
            if number % 4 == 0:
                world.run()
                world.detect_deletes()
                assert not in_shop(world) - landed(world)
                assert_warehouse_is_the_shop(world)
        kinds.update(commit["kind"] for commit in world.commits(world.settings.ingestion_bucket))
        world.shop.close()
    tell(f"torture of the source: {_CRASHES} crashes among {dict(kinds)}")
    assert kinds.keys() >= {"archive", "increment", "sweep"}


def _write(shop: psycopg.Connection[Any], chance: random.Random) -> None:
    """Place, change and delete orders, or roll back."""
    for _ in range(chance.randint(1, 5)):
        rows = _SOME.format(chance.randrange(7))
        what = chance.choice(["place", "change", "delete", "roll back"])
        if what == "place":
            place(shop, chance.randint(1, 20))
        elif what == "change":
            units = chance.randint(1, 99)
            shop.execute(f"update sales_order set units_sold = {units} where {rows}".encode())
        elif what == "delete":
            shop.execute(f"delete from sales_order where {rows}".encode())
        else:
            shop.execute(FORTY_ROLLBACKS)


def _crashed(world: World, chance: random.Random) -> World:
    """Write, run a stage, kill the server during or after it, and start the server again."""
    server, create = world.servers.postgres, Bucket.create
    crash_point = chance.choice(["a part", "the commit", "after the commit", "the wait", "the end"])

    def crash_at(*points: str) -> None:
        if crash_point in points and server.running:
            crash(server)

    def crash_and_create(bucket: Bucket, key: str, *rest: Any) -> bool:
        is_commit = key.startswith("commits/") and bucket.name == world.settings.ingestion_bucket
        crash_at("the commit" if is_commit else "a part")
        created = create(bucket, key, *rest)
        if is_commit:
            crash_at("after the commit")
        return created

    def resume(pause: float) -> None:
        crash_at("the wait")
        if writer.is_running():
            writer.resume()
        time.sleep(pause)

    with nothing_flushed(world) as writer, pytest.MonkeyPatch.context() as patch:
        _write(world.shop, chance)
        patch.setattr(Bucket, "create", crash_and_create)
        patch.setattr(confirmed, "sleep", resume)
        with suppress(HedgehogError):
            chance.choice(_STAGES)(world)
    crash_at(crash_point)
    world.shop.close()
    shop = psycopg.connect(server.start().dsn(world.shop_database), autocommit=True)
    return replace(world, shop=shop)
