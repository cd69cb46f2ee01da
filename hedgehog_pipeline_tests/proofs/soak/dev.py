"""`hedgehog dev` as a process, and what tests do to it."""

import os
import signal
import subprocess
import sys
from collections.abc import Generator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import psycopg

from hedgehog_pipeline.sandbox.databases import DAGSTER
from hedgehog_pipeline.sandbox.sandbox import Sandbox
from hedgehog_pipeline.sandbox.waiting import await_condition
from hedgehog_pipeline_tests.proofs.soak.programs import RUN, processes_of

_HEDGEHOG = [sys.executable, "-c", "from hedgehog_pipeline.cli import main; main()"]
_SECONDS_TO_END = 90
_AT_WORK = "select run_id, status from runs where status in ('STARTING', 'STARTED')"
_WAITING_OR_AT_WORK = """
    select from runs
    where status in ('QUEUED', 'NOT_STARTED', 'STARTING', 'STARTED', 'CANCELING')
"""
_WITHOUT_SUCCESS = "select run_id from runs where run_id = any(%s) and status <> 'SUCCESS'"


@dataclass(frozen=True)
class Dev:
    """A running `hedgehog dev`.

    Attributes:
        sandbox: its sandbox.
        port: the port of the Dagster UI.
        log: the file with its output.
        process: the command.
    """

    sandbox: Sandbox
    port: int
    log: Path
    process: subprocess.Popen[bytes]

    def kill_runs(self) -> list[str]:
        """Kill the processes of all runs; return the ids of the runs that did not succeed.

        Nothing is killed while a run is starting: nobody could say whether the kill ended it.
        """
        at_work = dict(self._ask(_AT_WORK))
        if set(at_work.values()) != {"STARTED"}:
            return []
        killed = self._runs()
        for process in killed:
            with suppress(psutil.NoSuchProcess):
                process.kill()
        assert await_condition(lambda: all(map(_has_ended, killed)), _SECONDS_TO_END)
        return [run for (run,) in self._ask(_WITHOUT_SUCCESS, [*at_work])] if killed else []

    def is_idle(self) -> bool:
        """Return whether no run is in progress or queued, so that SIGTERM interrupts none."""
        return not self._ask(_WAITING_OR_AT_WORK)

    def end_trade(self) -> None:
        """Stop the live trade; everything else keeps running."""
        for process in processes_of(self.sandbox).get("trade", []):
            process.terminate()
            assert await_condition(lambda process=process: _has_ended(process), _SECONDS_TO_END)

    def _ask(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.sandbox.postgres.dsn(DAGSTER)) as connection:
            return connection.execute(query.encode(), values or None).fetchall()

    def _runs(self) -> list[psutil.Process]:
        return processes_of(self.sandbox).get(RUN, [])


def _has_ended(process: psutil.Process) -> bool:
    """Return whether a process has ended, even if `hedgehog dev` has not reaped it yet."""
    try:
        return process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


@contextmanager
def started(folder: Path, *, orders: int, port: int, log: Path) -> Generator[Dev, None, None]:
    """Start `hedgehog dev` in a folder with a running sandbox; stop it with SIGTERM."""
    command = [*_HEDGEHOG, "dev", "--orders", str(orders), "--port", str(port)]
    with log.open("wb") as lines:
        process = subprocess.Popen(
            command,
            cwd=folder,
            stdout=lines,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
        )
        try:
            yield Dev(Sandbox(folder / ".sandbox"), port, log, process)
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(_SECONDS_TO_END)
            finally:
                for left in processes_of(Sandbox(folder / ".sandbox")).values():
                    for each in left:
                        each.kill()


def hedgehog(sandbox: Sandbox, arguments: Sequence[str]) -> subprocess.CompletedProcess[str]:
    """Run a hedgehog command on a sandbox."""
    return subprocess.run(
        [*_HEDGEHOG, *arguments],
        cwd=sandbox.folder.parent,
        env={**os.environ, **sandbox.environment()},
        capture_output=True,
        text=True,
        check=False,
    )
