"""Child programs of the sandbox: started in their own session, and ended with all descendants."""

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

_SECONDS_AFTER_SIGINT = 1
_SECONDS_AFTER_SIGKILL = 3
_POLL_SECONDS = 0.2
_STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
"""From a person (Ctrl-C), from a supervisor, and from a terminal that is closed."""


@contextmanager
def interrupted_by_stop_signals() -> Generator[None, None, None]:
    """Let SIGTERM and SIGHUP interrupt this program as Ctrl-C does, unless they are ignored."""
    signals = [sign for sign in _STOP_SIGNALS if signal.getsignal(sign) is not signal.SIG_IGN]
    before = {sign: signal.signal(sign, signal.default_int_handler) for sign in signals}
    try:
        yield
    finally:
        for sign, handler in before.items():
            signal.signal(sign, handler)


def ignore_stop_signals() -> None:
    """Ignore all stop signals from now on, because this program is ending already."""
    for sign in _STOP_SIGNALS:
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
    """Run a program in its own session; at the end of the block, end it with all descendants.

    Args:
        command: the program and its arguments.
        at: the working folder.
        environment: all environment variables of the program.
        output: the file for stdout and stderr, None for the console.
        grace: seconds that the program has to end after SIGINT.
    """
    process = None
    try:
        with _stop_signals_deferred():
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
def _stop_signals_deferred() -> Generator[None, None, None]:
    """Defer stop signals until the block ends; then raise KeyboardInterrupt if one came.

    A program that is started in the block ignores none of them. Without this it inherits what this
    program ignores: a shell starts background programs with SIGINT ignored, and Dagster then
    ignores SIGTERM, too.
    """
    received: list[int] = []

    def defer(sign: int, _frame: FrameType | None) -> None:
        received.append(sign)

    before = {sign: signal.signal(sign, defer) for sign in _STOP_SIGNALS}
    try:
        yield
    finally:
        for sign, handler in before.items():
            signal.signal(sign, handler)
    if any(before[signal.Signals(sign)] is signal.default_int_handler for sign in received):
        raise KeyboardInterrupt


def end(program: subprocess.Popen[bytes], grace: float) -> None:
    """Interrupt a program, which ends its children in its own order; kill what is left.

    What has not ended after `grace` seconds is interrupted itself, and then killed. SIGKILL also
    ends a process that is stopped or ignores signals.
    """
    processes = _Descendants(program)
    program.send_signal(signal.SIGINT)
    if not processes.end_within(grace):
        processes.send(signal.SIGINT)
    if not processes.end_within(_SECONDS_AFTER_SIGINT):
        # Repeated: the last process may have started another one before it was killed.
        killed = partial(processes.send, signal.SIGKILL)
        await_condition(lambda: not killed(), _SECONDS_AFTER_SIGKILL, every=_POLL_SECONDS)
    program.wait()


class _Descendants:
    """A program and all its descendants, also those whose parent has ended meanwhile."""

    def __init__(self, program: subprocess.Popen[bytes]) -> None:
        self._program = program
        self._known: set[psutil.Process] = set()
        self._alive()  # the children of a program can be listed only while it is alive

    def end_within(self, seconds: float) -> bool:
        """Wait until all processes have ended; return False if one is alive after `seconds`."""
        return await_condition(lambda: not self._alive(), seconds, every=_POLL_SECONDS)

    def send(self, sign: int) -> int:
        """Send a signal to all processes that are alive; return their number."""
        alive = self._alive()
        for process in alive:
            with suppress(psutil.NoSuchProcess):
                process.send_signal(sign)
        return len(alive)

    def _alive(self) -> list[psutil.Process]:
        self._program.poll()  # reaps the program if it has ended
        with suppress(psutil.NoSuchProcess):
            program = psutil.Process(self._program.pid)
            if self._program.returncode is None:
                self._known |= {program, *program.children(recursive=True)}
        self._known |= {each for each in psutil.process_iter() if self._in_session(each)}
        return [process for process in self._known if _is_alive(process)]

    def _in_session(self, process: psutil.Process) -> bool:
        """Return whether a process is in the program's session, as its orphans still are."""
        try:
            return os.getsid(process.pid) == self._program.pid
        except OSError:
            return False


def _is_alive(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
