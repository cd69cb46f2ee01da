"""The archive of a large shop goes through the stages side by side, a process for each."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from hedgehog_pipeline_tests.benchmark import shop
from hedgehog_pipeline_tests.servers import Servers
from hedgehog_pipeline_tests.world import World

_ORDERS = 250_000


@pytest.fixture
def large(servers: Servers):
    """A shop whose archive takes three slices, each worth a process."""
    with World.make(servers, slice_rows=100_000) as world:
        world.load_small()
        shop.grow(servers.postgres.dsn(world.shop_database), _ORDERS)
        yield world


def test_ctrl_c_ends_all_of_them_at_once_in_a_sentence(large: World, tmp_path: Path):
    with _hedgehog_run(large, tmp_path) as run:
        helpers = _await_helpers(run)
        os.killpg(run.pid, signal.SIGINT)
        assert run.wait() == 130
    _, alive = psutil.wait_procs(helpers, timeout=60)
    assert not alive
    told = (tmp_path / "log").read_text()
    assert "hedgehog: interrupted." in told
    assert "Traceback" not in told


def test_what_a_killed_run_left_is_taken_on_and_the_warehouse_is_whole(
    large: World, tmp_path: Path
):
    with _hedgehog_run(large, tmp_path) as run:
        helpers = _await_helpers(run)
        run.send_signal(signal.SIGKILL)
        run.wait()
    _, alive = psutil.wait_procs(helpers, timeout=60)
    assert not alive

    with _hedgehog_run(large, tmp_path) as run:
        assert run.wait() == 0, (tmp_path / "log").read_text()
    assert large.query("select count(*), sum(units_sold) from fact_sales_order") == [
        tuple(large.shop.execute("select count(*), sum(units_sold) from sales_order").fetchone())
    ]
    assert large.query("select count(*) from pg_constraint where contype = 'f'") > [(10,)]
    assert large.run() == []


def _hedgehog_run(world: World, folder: Path) -> subprocess.Popen[bytes]:
    command = [Path(sys.executable).parent / "hedgehog", "run"]
    with (folder / "log").open("wb") as log:
        return subprocess.Popen(
            command,
            cwd=folder,
            env={**os.environ, **world.environment},
            stdout=log,
            stderr=log,
            start_new_session=True,  # a group of its own, which a terminal interrupts as a whole
        )


def _await_helpers(run: subprocess.Popen[bytes]) -> list[psutil.Process]:
    """Wait until each stage has a process; give these and the one that they are copies of."""
    while run.poll() is None:
        helpers = psutil.Process(run.pid).children(recursive=True)
        if len(helpers) > 3:
            return helpers
    pytest.fail("It was through before its stages had processes.")
