"""The stages run a large initial load in parallel, each in a process of its own."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from hedgehog_pipeline_tests.proofs.benchmark import shop
from hedgehog_pipeline_tests.support.servers import Servers
from hedgehog_pipeline_tests.support.world import World

_ORDERS = 250_000


@pytest.fixture
def large(servers: Servers):
    """A shop whose initial load has three slices, each worth a process."""
    with World.make(servers, slice_rows=100_000) as world:
        world.load_small()
        shop.grow(servers.postgres.dsn(world.shop_database), _ORDERS)
        yield world


def test_ctrl_c_ends_all_processes_at_once_with_a_message(large: World, tmp_path: Path):
    with _hedgehog_run(large, tmp_path) as run:
        helpers = _await_helpers(run)
        os.killpg(run.pid, signal.SIGINT)
        assert run.wait() == 130
    _, alive = psutil.wait_procs(helpers, timeout=60)
    assert not alive
    log = (tmp_path / "log").read_text()
    assert "hedgehog: interrupted." in log
    assert "Traceback" not in log


def test_the_next_run_finishes_what_a_killed_run_left(large: World, tmp_path: Path):
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
            start_new_session=True,  # its own process group, as a terminal interrupts a whole group
        )


def _await_helpers(run: subprocess.Popen[bytes]) -> list[psutil.Process]:
    """Wait until each stage has a process; return these and the fork server."""
    while run.poll() is None:
        helpers = psutil.Process(run.pid).children(recursive=True)
        if len(helpers) > 3:
            return helpers
    pytest.fail("The run ended before its stages had processes.")
