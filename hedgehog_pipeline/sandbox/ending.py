"""Programs that the sandbox begins and ends, with all that they begin themselves."""

import os
import signal
import subprocess
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from types import FrameType
from typing import IO

import psutil

from hedgehog_pipeline.sandbox.waiting import await_condition

_SECONDS_OF_THE_INTERRUPTED = 1
_SECONDS_TO_DIE = 3
_SECONDS_BETWEEN_LOOKS = 0.2
_REQUESTS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
"""By which a person, a supervisor and a terminal that is closed ask a program to end."""


@contextmanager
def interrupted_by_requests() -> Generator[None, None, None]:
    """Let SIGTERM and SIGHUP interrupt this program as Ctrl-C does, where they are not ignored."""
    requests = [sign for sign in _REQUESTS if signal.getsignal(sign) is not signal.SIG_IGN]
    before = {sign: signal.signal(sign, signal.default_int_handler) for sign in requests}
    try:
        yield
    finally:
        for sign, handler in before.items():
            signal.signal(sign, handler)


def ignore_requests() -> None:
    """Let nothing interrupt this program any more: it ends by itself."""
    for sign in _REQUESTS:
        signal.signal(sign, signal.SIG_IGN)


@contextmanager
def started(
    command: Sequence[str],
    at: Path,
    environment: Mapping[str, str],
    output: IO[bytes] | None,
    *,
    grace: float,
) -> Generator[subprocess.Popen[bytes], None, None]:
    """Run a program in a session of its own; at the end, end it with all that it began.

    Args:
        command: the program and its arguments.
        at: the folder in which it runs.
        environment: its variables.
        output: where its lines go, None for the console.
        grace: seconds that it has to end by itself.
    """
    process = None
    try:
        with _requests_kept():
            process = subprocess.Popen(  # noqa: S603 (programs named in this package)
                command,
                cwd=at,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output and subprocess.STDOUT,
                start_new_session=True,
            )
        yield process
    finally:
        if process is not None:
            end(process, grace)


@contextmanager
def _requests_kept() -> Generator[None, None, None]:
    """Keep what would interrupt this program until the block is over.

    A program that is begun meanwhile ignores none of it. One that a shell begins in its background
    ignores SIGINT and hands that on, and Dagster then ignores SIGTERM as well.
    """
    came: list[int] = []

    def keep(sign: int, _frame: FrameType | None) -> None:
        came.append(sign)

    before = {sign: signal.signal(sign, keep) for sign in _REQUESTS}
    try:
        yield
    finally:
        for sign, handler in before.items():
            signal.signal(sign, handler)
    if any(before[signal.Signals(sign)] is signal.default_int_handler for sign in came):
        raise KeyboardInterrupt


def end(program: subprocess.Popen[bytes], grace: float) -> None:
    """Interrupt a program, which ends what it began in its own order; kill what is left.

    What does not end within that time is interrupted itself before it is killed. A process that is
    stopped or does not listen is killed as well.
    """
    family = _Family(program)
    program.send_signal(signal.SIGINT)
    if not family.ends_within(grace):
        family.send(signal.SIGINT)
    if not family.ends_within(_SECONDS_OF_THE_INTERRUPTED):
        # Again and again: one that dies last may have begun another.
        killed = partial(family.send, signal.SIGKILL)
        await_condition(lambda: not killed(), _SECONDS_TO_DIE, every=_SECONDS_BETWEEN_LOOKS)
    program.wait()


class _Family:
    """A program, what it began, and what those began, whoever of them is gone meanwhile."""

    def __init__(self, program: subprocess.Popen[bytes]) -> None:
        self._program = program
        self._known: set[psutil.Process] = set()
        self._living()  # the children of a program can be listed only while it lives

    def ends_within(self, seconds: float) -> bool:
        """Await that none of them lives."""
        return await_condition(lambda: not self._living(), seconds, every=_SECONDS_BETWEEN_LOOKS)

    def send(self, sign: int) -> int:
        """Send a signal to all of them; tell to how many."""
        living = self._living()
        for process in living:
            with suppress(psutil.NoSuchProcess):
                process.send_signal(sign)
        return len(living)

    def _living(self) -> list[psutil.Process]:
        self._program.poll()  # takes notice of its end, and its zombie away
        with suppress(psutil.NoSuchProcess):
            program = psutil.Process(self._program.pid)
            if self._program.returncode is None:
                self._known |= {program, *program.children(recursive=True)}
        self._known |= {each for each in psutil.process_iter() if self._in_session(each)}
        return [process for process in self._known if _lives(process)]

    def _in_session(self, process: psutil.Process) -> bool:
        """Tell whether a process is in the program's session, in which one stays as an orphan."""
        try:
            return os.getsid(process.pid) == self._program.pid
        except OSError:
            return False


def _lives(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
