"""`hedgehog run` is killed during the initial load, and run again."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from hedgehog_pipeline.sandbox.waiting import await_condition
from hedgehog_pipeline_tests.support.capturing import assert_landed_once
from hedgehog_pipeline_tests.support.landed import in_shop, landed
from hedgehog_pipeline_tests.support.odd_shop import change, place, seed
from hedgehog_pipeline_tests.support.warehouse_rows import assert_warehouse_is_the_shop
from hedgehog_pipeline_tests.support.world import Servers, World

_SLICES = 3


@pytest.fixture
def world(servers: Servers) -> Iterator[World]:
    """A shop of four slices, each of many small parts."""
    with World.make(servers, slice_rows=40, part_bytes=300) as world:
        seed(world, _SLICES * 40 - 10)
        yield world


@contextmanager
def hedgehog_run(world: World, folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Run `hedgehog run` in its own process, and kill it in the end."""
    with (folder / "output").open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-c", "from hedgehog_pipeline.cli import main; main()", "run"],
            env={**os.environ, **world.environment},
            cwd=folder,
            stdout=output,
            stderr=output,
        )
        try:
            yield process
        finally:
            process.kill()
            process.wait()


def committed(world: World) -> list[str]:
    return [key for key in world.keys(world.settings.ingestion_bucket) if "commits/" in key]


def orphans(world: World) -> list[str]:
    """Return the parts that no commit lists, as a crash leaves them."""
    bucket = world.settings.ingestion_bucket
    named = {part["key"] for commit in world.commits(bucket) for part in commit["parts"]}
    return [key for key in world.keys(bucket) if "oltp/" in key and key not in named]


def a_slice_is_committed(world: World) -> bool:
    return len(committed(world)) >= 2


def a_slice_is_half_written(world: World) -> bool:
    return len(committed(world)) >= 1 and len(orphans(world)) >= 1


@pytest.mark.parametrize(
    "reached",
    [pytest.param(a_slice_is_committed, marks=pytest.mark.torture), a_slice_is_half_written],
)
def test_an_initial_load_that_was_killed_continues_where_it_was(
    world: World, tmp_path: Path, reached: Callable[[World], bool]
):
    with hedgehog_run(world, tmp_path) as process:
        assert await_condition(lambda: reached(world) or process.poll() is not None, 120)
    assert process.returncode == -signal.SIGKILL, (tmp_path / "output").read_text()

    assert 1 <= len(committed(world)) < _SLICES
    half = sum(landed(world).values())
    assert 0 < half < sum(in_shop(world).values())
    assert landed(world) <= in_shop(world)

    change(world.shop, "1", 20)
    place(world.shop, 3)
    shop_then = in_shop(world)
    world.run()
    assert not shop_then - landed(world)
    assert_landed_once(world)
    assert_warehouse_is_the_shop(world)
    assert world.query("select count(*) from fact_sales_order_current") == [(113,)]
    assert world.run() == []
