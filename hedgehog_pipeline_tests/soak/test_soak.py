"""`hedgehog dev` under steady trade: nothing grows, nothing slows down, no error is said."""

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
from hedgehog_pipeline_tests.outages.waiting import awaited
from hedgehog_pipeline_tests.soak.busy import Busy
from hedgehog_pipeline_tests.soak.dev import Dev, hedgehog, started
from hedgehog_pipeline_tests.soak.errors import is_of
from hedgehog_pipeline_tests.soak.judged import figures
from hedgehog_pipeline_tests.soak.programs import STAYING, processes_of
from hedgehog_pipeline_tests.soak.table import HEADER, row
from hedgehog_pipeline_tests.soak.watch import Look, Watch

MINUTES = float(os.environ.get("HEDGEHOG_SOAK_MINUTES", "60"))
_SHORT = 15
"""Below so many minutes one run is killed, else something every two minutes."""
_BETWEEN_KILLS = 120
_ORDERS = 300
_MOST_CONNECTIONS = 60
_LARGEST_LAG = 240
_SECONDS_TO_HEAL = 60
"""After a server was killed, in which its absence may be said."""

pytestmark = [pytest.mark.soak, pytest.mark.timeout(int((MINUTES + 15) * 60))]


@pytest.fixture
def dev() -> Iterator[Dev]:
    """`hedgehog dev` at work: the archive and a first change are in the warehouse."""
    with TemporaryDirectory() as at:
        place, log = Sandbox(Path(at) / ".sandbox"), Path(at) / "dev.log"
        try:
            place.up(_ORDERS)
            with started(Path(at), orders=_ORDERS, port=_free_port(), log=log) as dev:
                with _seen_at_failure(watch := Watch(place, log)):
                    awaited(watch.has_loaded, 600)
                    [*measure(place, 1)]
                yield dev
            assert processes_of(place) == {}, "SIGTERM left something behind"
        except BaseException:
            print(log.read_text(encoding="utf-8", errors="replace")[-8000:])  # noqa: T201
            raise
        finally:
            place.down()


@contextmanager
def _seen_at_failure(watch: Watch) -> Generator[None, None, None]:
    """Print what is held where the platform does not come up."""
    try:
        yield
    except BaseException:
        print(HEADER, row([watch.look()]), sep="\n")  # noqa: T201
        raise


def test_nothing_grows_and_nothing_slows_down(dev: Dev, tell: Callable[[str], None]):
    watch, over = Watch(dev.place, dev.log), Event()
    busy = Busy(dev, watch, over)
    tell(HEADER)
    looks: list[Look] = []
    with ThreadPoolExecutor() as pool:
        at_work = [
            pool.submit(busy.trade),
            pool.submit(busy.change),
            pool.submit(busy.run, _plan(busy)),
        ]
        try:
            for minute in watch.for_minutes(MINUTES):
                began = minute[0].second
                tell(row(minute, [took for at, took in busy.happened.changes if at >= began]))
                looks += minute
        finally:
            over.set()
        failed = [str(error) for thread in at_work if (error := thread.exception())]
    dev.end_trade()
    happened = busy.happened
    judged = figures(looks, happened.changes, warm=60 * min(5.0, MINUTES / 6))
    errors = _unexpected(looks, busy)
    for line in [
        f"killed: {', '.join(happened.killed)}",
        *map(str, judged),
        *(f"failed: {why}" for why in failed),
        *(f"error: {line}" for line in errors[:20]),
    ]:
        tell(line)
    assert not failed
    awaited(busy.file_arrived)
    awaited(busy.deletion_arrived)
    awaited(lambda: _is_reconciled(dev), 300)

    assert not errors
    assert set(watch.failed_runs()) <= set(happened.killed_runs)
    assert max(look.held.total for look in looks) <= _MOST_CONNECTIONS
    assert max(look.behind for look in looks) < _LARGEST_LAG
    assert [str(figure) for figure in judged if not figure.holds] == []
    for name in STAYING:
        assert len({p.pid for look in looks if (p := look.held.staying.get(name))}) == 1


def _is_reconciled(dev: Dev) -> bool:
    """Tell whether the warehouse holds all that the shop holds, and the file, and nothing else.

    Only a difference that is on its way to the warehouse may still go: any other is a fault.
    """
    reconciled = hedgehog(dev.place, ["reconcile", "--json"])
    assert reconciled.returncode == 0, reconciled.stderr
    verdicts = {table: found["verdict"] for table, found in json.loads(reconciled.stdout).items()}
    return verdicts.pop("dim_design") == "3 from an inbox file" and set(verdicts.values()) == {"ok"}


def _plan(busy: Busy) -> list[tuple[float, Callable[[], None]]]:
    """A file and a sweep in the middle; a kill before it, or one every two minutes."""
    seconds = MINUTES * 60
    kills = [(seconds * 0.4, busy.kill_a_run)]
    if MINUTES > _SHORT:
        moments = range(_BETWEEN_KILLS, int(seconds), _BETWEEN_KILLS)
        kills = [(float(at), busy.kill_something) for at in moments]
    return [*kills, (seconds * 0.5, busy.bring_a_file), (seconds * 0.52, busy.sweep)]


def _unexpected(looks: list[Look], busy: Busy) -> list[str]:
    """The errors that no kill explains: of other runs, at other times.

    A traceback names no run, and lines of other programs may stand between it and its error.
    """
    happened = busy.happened
    return [
        line
        for look in looks
        if not _follows(look, happened.servers_killed)
        for line in (*look.errors, *([look.blind] if look.blind else []))
        if not is_of(line, happened.killed_runs)
        if not (line.startswith("Traceback") and _follows(look, happened.runs_killed))
    ]


def _follows(look: Look, kills: list[float]) -> bool:
    return any(0 <= look.second - at <= _SECONDS_TO_HEAL for at in kills)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
