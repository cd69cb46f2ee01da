"""Programs of the sandbox end with all descendants, also those that ignore signals."""

import os
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from hedgehog_pipeline.sandbox import ending
from hedgehog_pipeline.sandbox.ending import interrupted_by_stop_signals, started
from hedgehog_pipeline.sandbox.waiting import await_condition

_DEAF = "import signal, time; [signal.signal(s, signal.SIG_IGN) for s in (1, 2, 15)]; "
_CHILD = f"{_DEAF} print('deaf', flush=True); time.sleep(600)"
_PARENT = (
    f"{_DEAF} import subprocess, sys; "
    f"children = [subprocess.Popen([sys.executable, '-c', {_CHILD!r}], start_new_session=new) "
    "for new in (False, True)]; print(*[c.pid for c in children], flush=True); time.sleep(600)"
)


@pytest.fixture
def sigint_ignored() -> Iterator[None]:
    """Ignore SIGINT, as in a background program of a shell."""
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.parametrize("parent_dies_first", [False, True])
def test_a_program_that_ignores_signals_is_killed_with_all_descendants(
    tmp_path: Path, *, parent_dies_first: bool
) -> None:
    log = tmp_path / "log"
    with (
        log.open("wb") as output,
        started(
            [sys.executable, "-c", _PARENT], tmp_path, os.environ, output, grace=0.2
        ) as program,
    ):
        assert await_condition(lambda: log.read_text().count("deaf") == 2, seconds=60)
        (pids,) = (line for line in log.read_text().splitlines() if line != "deaf")
        children = [psutil.Process(int(pid)) for pid in pids.split()]
        children[0].suspend()  # as if it hangs
        if parent_dies_first:
            children.pop().kill()  # in its own session: it could not be found without its parent
            program.kill()
            program.wait()
    assert program.returncode == -signal.SIGKILL
    assert not any(map(_is_alive, children))


_WAITS = """
import time
try:
    print('here', flush=True)
    time.sleep(600)
except KeyboardInterrupt:
    print('interrupted', flush=True)
"""


@pytest.mark.parametrize(("at_its_end", "interruptions"), [("child.terminate()", 0), ("", 1)])
def test_only_children_that_a_program_leaves_are_interrupted(
    tmp_path: Path, at_its_end: str, interruptions: int
) -> None:
    log = tmp_path / "log"
    parent = (
        "import contextlib, subprocess, sys, time\n"
        f"child = subprocess.Popen([sys.executable, '-c', {_WAITS!r}])\n"
        f"with contextlib.suppress(KeyboardInterrupt):\n    time.sleep(600)\n{at_its_end}"
    )
    with (
        log.open("wb") as output,
        started([sys.executable, "-c", parent], tmp_path, os.environ, output, grace=2) as program,
    ):
        assert await_condition(lambda: "here" in log.read_text(), seconds=60)
    assert program.returncode == 0
    assert log.read_text().count("interrupted") == interruptions


@pytest.mark.usefixtures("sigint_ignored")
def test_a_program_handles_sigint_although_its_parent_ignores_it(tmp_path: Path) -> None:
    log = tmp_path / "log"
    sleeper = "print('here', flush=True); import time; time.sleep(600)"
    with (
        log.open("wb") as output,
        started([sys.executable, "-c", sleeper], tmp_path, os.environ, output, grace=60) as program,
    ):
        assert await_condition(log.read_text, seconds=60)
    assert program.returncode == -signal.SIGINT
    assert "KeyboardInterrupt" in log.read_text()


@pytest.mark.parametrize("sign", [signal.SIGTERM, signal.SIGHUP])
def test_a_stop_signal_interrupts_and_its_handler_is_restored(sign: signal.Signals) -> None:
    before = signal.getsignal(sign)
    with suppress(KeyboardInterrupt), interrupted_by_stop_signals():
        os.kill(os.getpid(), sign)
        time.sleep(60)
    assert signal.getsignal(sign) == before


def test_a_stop_signal_during_the_start_of_a_program_ends_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    programs: list[psutil.Popen] = []

    class Interrupted(ending.subprocess.Popen[bytes]):
        def __init__(self, *args: object, **options: object) -> None:
            super().__init__(*args, **options)
            programs.append(self)
            os.kill(os.getpid(), signal.SIGINT)

    monkeypatch.setattr(ending.subprocess, "Popen", Interrupted)
    with (
        pytest.raises(KeyboardInterrupt),
        started(
            ["sleep", "600"],
            tmp_path,
            os.environ,
            None,
            grace=60,
        ),
    ):
        raise AssertionError
    assert programs[0].returncode == -signal.SIGINT


def _is_alive(process: psutil.Process) -> bool:
    try:
        return process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
