"""What the sandbox begins is ended, with all that it began itself, whether it listens or not."""

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
from hedgehog_pipeline.sandbox.ending import interrupted_by_requests, started
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
    """As in a program that a shell began in its background."""
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.parametrize("leader_dies_first", [False, True])
def test_what_does_not_listen_is_killed_with_all_that_it_began(
    tmp_path: Path, *, leader_dies_first: bool
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
        family = [psutil.Process(int(pid)) for pid in pids.split()]
        family[0].suspend()  # as one that hangs
        if leader_dies_first:
            family.pop().kill()  # of the session of its own nobody would know
            program.kill()
            program.wait()
    assert program.returncode == -signal.SIGKILL
    assert not any(map(_lives, family))


_WAITS = """
import time
try:
    print('here', flush=True)
    time.sleep(600)
except KeyboardInterrupt:
    print('interrupted', flush=True)
"""


@pytest.mark.parametrize(("at_its_end", "interruptions"), [("child.terminate()", 0), ("", 1)])
def test_a_program_ends_what_it_began_and_only_what_it_leaves_is_interrupted(
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
def test_what_is_begun_where_ctrl_c_is_ignored_listens_to_it(tmp_path: Path) -> None:
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
def test_a_request_to_end_interrupts_and_later_means_what_it_meant(sign: signal.Signals) -> None:
    before = signal.getsignal(sign)
    with suppress(KeyboardInterrupt), interrupted_by_requests():
        os.kill(os.getpid(), sign)
        time.sleep(60)
    assert signal.getsignal(sign) == before


def test_a_request_that_comes_while_a_program_begins_ends_that_program(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun: list[psutil.Popen] = []

    class Interrupted(ending.subprocess.Popen[bytes]):
        def __init__(self, *args: object, **options: object) -> None:
            super().__init__(*args, **options)
            begun.append(self)
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
    assert begun[0].returncode == -signal.SIGINT


def _lives(process: psutil.Process) -> bool:
    try:
        return process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
