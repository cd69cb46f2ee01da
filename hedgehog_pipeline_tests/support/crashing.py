"""A source server that is killed before its disk has what it has done."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import psutil

from hedgehog_pipeline.sandbox.postgres import PostgresServer
from hedgehog_pipeline_tests.support.world import World

FORTY_ROLLBACKS = (
    "do $$ begin for i in 1..40 loop perform pg_current_xact_id(); rollback; end loop; end $$"
)


@contextmanager
def forgetful_server() -> Iterator[PostgresServer]:
    """Start a server whose sessions do not wait for the disk."""
    with (
        TemporaryDirectory() as folder,
        PostgresServer(Path(folder) / "postgres", durable=False) as postgres,
    ):
        yield postgres


@contextmanager
def nothing_flushed(world: World) -> Iterator[psutil.Process]:
    """Suspend the WAL writer, which flushes what no session waits for."""
    world.shop.execute("checkpoint")  # what was there before survives
    query = "select pid from pg_stat_activity where backend_type = 'walwriter'"
    ((pid,),) = world.shop.execute(query).fetchall()
    writer = psutil.Process(pid)
    writer.suspend()
    try:
        yield writer
    finally:
        if writer.is_running():
            writer.resume()


def crash(server: PostgresServer) -> None:
    """Kill every process of a server at once."""
    pid = server._pid()
    assert pid is not None
    postmaster = psutil.Process(pid)
    processes = [postmaster, *postmaster.children()]
    for process in processes:
        os.kill(process.pid, signal.SIGKILL)
    psutil.wait_procs(processes, timeout=10)
