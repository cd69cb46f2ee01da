"""`hedgehog dev` under steady trade: nothing grows, nothing slows down, no error is logged."""

import json
import os
import socket
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Event

import pytest

from hedgehog_pipeline.sandbox.latency import measure
from hedgehog_pipeline.sandbox.sandbox import Sandbox
from hedgehog_pipeline_tests.proofs.outages.waiting import awaited
from hedgehog_pipeline_tests.proofs.soak.busy import Busy, Happened
from hedgehog_pipeline_tests.proofs.soak.dev import Dev, hedgehog, started
from hedgehog_pipeline_tests.proofs.soak.errors import Errors
from hedgehog_pipeline_tests.proofs.soak.judged import (
    SECONDS_TO_HEAL,
    figures,
    may_have_failed,
    unexplained,
)
from hedgehog_pipeline_tests.proofs.soak.programs import STAYING, processes_of
from hedgehog_pipeline_tests.proofs.soak.table import HEADER, row
from hedgehog_pipeline_tests.proofs.soak.watch import Look, Watch

MINUTES = float(os.environ.get("HEDGEHOG_SOAK_MINUTES", "60"))
_SHORT = 15
"""Up to so many minutes one run is killed; in a longer soak there is a kill every two minutes."""
_BETWEEN_KILLS = 120
_ORDERS = 300
_MAX_CONNECTIONS = 60
_MAX_LAG = 240

pytestmark = [pytest.mark.soak, pytest.mark.timeout(int((MINUTES + 15) * 60))]


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    """A running sandbox."""
    with TemporaryDirectory() as at:
        sandbox = Sandbox(Path(at) / ".sandbox")
        try:
            sandbox.up(_ORDERS)
            yield sandbox
        finally:
            sandbox.down()


def test_nothing_grows_and_nothing_slows_down(sandbox: Sandbox, tell: Callable[[str], None]):
    folder = sandbox.folder.parent
    errors = Errors(log := folder / "dev.log")  # from the first line to those after SIGTERM
    with _log_printed_on_failure(log):
        with started(folder, orders=_ORDERS, port=_free_port(), log=log) as dev:
            _await_start(begun := Watch(sandbox, errors), sandbox)
            looks, happened = _soak(dev, watch := Watch(sandbox, errors), tell)
            assert set(begun.failed_runs()) <= may_have_failed(looks, happened)
            awaited(dev.is_idle)
        assert processes_of(sandbox) == {}, "SIGTERM left something behind"
        looks.append(Look(watch.second, errors=errors.look()))
        assert unexplained(looks, happened) == []


@contextmanager
def _log_printed_on_failure(log: Path) -> Generator[None, None, None]:
    try:
        yield
    except BaseException:
        print(log.read_text(encoding="utf-8", errors="replace")[-8000:])  # noqa: T201
        raise


def _await_start(watch: Watch, sandbox: Sandbox) -> None:
    """Wait for the initial load and a first change in the warehouse; print resources on failure."""
    try:
        awaited(watch.has_loaded, 600)
        [*measure(sandbox, 1)]
    except BaseException:
        print(HEADER, row([watch.look()]), sep="\n")  # noqa: T201
        raise


def _soak(dev: Dev, watch: Watch, tell: Callable[[str], None]) -> tuple[list[Look], Happened]:
    """Trade, kill and observe; then check the platform. Return what was observed and done."""
    over = Event()
    busy = Busy(dev, watch, over)
    happened = busy.happened
    tell(HEADER)
    looks: list[Look] = []
    with ThreadPoolExecutor() as pool:
        threads = [
            pool.submit(busy.trade),
            pool.submit(busy.change),
            pool.submit(busy.run, _plan(busy)),
        ]
        try:
            for minute in watch.for_minutes(MINUTES):
                began = minute[0].second
                tell(row(minute, [took for at, took in happened.changes if at >= began]))
                looks += minute
        finally:
            over.set()
        failed = [str(error) for thread in threads if (error := thread.exception())]
    dev.end_trade()
    judged = figures(looks, happened.changes, warm=60 * min(5.0, MINUTES / 6))
    for line in [
        f"killed: {', '.join(happened.killed)}",
        *map(str, judged),
        *(f"failed: {error}" for error in failed),
        *(f"error: {line}" for line in unexplained(looks, happened)[:20]),
    ]:
        tell(line)
    assert not failed
    assert happened.killed_runs, "no run was killed"
    awaited(busy.file_arrived)
    awaited(busy.deletion_arrived)
    awaited(lambda: _is_reconciled(dev), 300)
    awaited(lambda: set(watch.failed_runs()) >= set(happened.killed_runs))

    assert max(look.usage.total for look in looks) <= _MAX_CONNECTIONS
    assert max(look.behind for look in looks) < _MAX_LAG
    assert [str(figure) for figure in judged if not figure.holds] == []
    for name in STAYING:
        assert len({p.pid for look in looks if (p := look.usage.staying.get(name))}) == 1
    return [*looks, watch.look()], happened


def _is_reconciled(dev: Dev) -> bool:
    """Return whether the warehouse has the rows of the shop and of the file, and no others.

    A difference that a pending commit explains may still be there; any other fails at once.
    """
    reconciled = hedgehog(dev.sandbox, ["reconcile", "--json"])
    assert reconciled.returncode == 0, reconciled.stderr
    verdicts = {table: found["verdict"] for table, found in json.loads(reconciled.stdout).items()}
    return verdicts.pop("dim_design") == "3 from an inbox file" and set(verdicts.values()) == {"ok"}


def _plan(busy: Busy) -> list[tuple[float, Callable[[], None]]]:
    """Plan a file and a sweep in the middle, and one kill before or one every two minutes."""
    seconds = MINUTES * 60
    kills = [(seconds * 0.4, busy.kill_a_run)]
    if MINUTES > _SHORT:
        seconds_of_kills = range(_BETWEEN_KILLS, int(seconds) - SECONDS_TO_HEAL, _BETWEEN_KILLS)
        kills = [(float(at), busy.kill_something) for at in seconds_of_kills]
    return [*kills, (seconds * 0.5, busy.upload_a_file), (seconds * 0.52, busy.sweep)]


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
