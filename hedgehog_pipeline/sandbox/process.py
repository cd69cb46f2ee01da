"""A detached server process, which a later command finds again and can stop."""

import fcntl
import os
import signal
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil

from hedgehog_pipeline.sandbox.errors import SandboxError, log_tail
from hedgehog_pipeline.sandbox.files import read_json, write_private_json
from hedgehog_pipeline.sandbox.waiting import await_condition

_READY_SECONDS = 60
_STOP_SECONDS = 60
_LOCK_SECONDS = 5

# Far above any descriptor that is open here.
_LOCK_DESCRIPTOR = 99


@dataclass(frozen=True)
class ServerProcess:
    """A server whose pid, start time and log are in its folder."""

    name: str
    folder: Path

    @property
    def log(self) -> Path:
        """The file with the output of the server, stdout and stderr."""
        return self.folder / "log"

    @property
    def running(self) -> bool:
        """Whether the server of this folder is running."""
        return self._pid is not None

    def start(
        self, command: Sequence[str], ready: Callable[[], bool], *, environ: Mapping[str, str]
    ) -> None:
        """Start the command in its own session, and wait until it is ready."""
        lock = self._lock()
        pid = os.posix_spawn(
            command[0],
            tuple(command),
            environ,
            file_actions=[
                (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
                (os.POSIX_SPAWN_OPEN, 1, self.log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600),
                (os.POSIX_SPAWN_DUP2, 1, 2),
                (os.POSIX_SPAWN_DUP2, lock, _LOCK_DESCRIPTOR),
            ],
            setsid=True,
        )
        os.close(lock)
        write_private_json(self._handle, {"pid": pid, "started": _started(pid)})
        await_condition(lambda: not self.running or ready(), _READY_SECONDS)
        if not self.running:
            raise SandboxError(f"{self.name} ended while starting. {log_tail(self.log)}")
        if not ready():
            self.stop()
            raise SandboxError(
                f"{self.name} was not ready within {_READY_SECONDS} s. {log_tail(self.log)}"
            )

    def stop(self) -> None:
        """Stop the server if it is running: SIGTERM, then SIGKILL."""
        for stop_signal in (signal.SIGTERM, signal.SIGKILL):
            pid = self._pid
            if pid is None:
                break
            os.kill(pid, stop_signal)
            await_condition(lambda: not self.running, _STOP_SECONDS)
        self._handle.unlink(missing_ok=True)

    def _lock(self) -> int:
        """Lock the folder; the server inherits the lock and keeps it until it ends."""
        lock = os.open(self.folder / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        # A server that was just killed keeps the lock until its last thread has ended.
        if not await_condition(lambda: _try_lock(lock), _LOCK_SECONDS):
            os.close(lock)
            raise SandboxError(
                f"Another {self.name} already runs on {self.folder}. Stop that one first."
            )
        return lock

    @property
    def _handle(self) -> Path:
        return self.folder / "process.json"

    @property
    def _pid(self) -> int | None:
        handle = read_json(self._handle)
        if handle is None or handle["started"] != _started(handle["pid"]):
            return None
        return handle["pid"]


def _try_lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _started(pid: int) -> float | None:
    """Return when a process started, in seconds after boot; None if there is no such process.

    Pid and start time together identify a process. Changing the clock does not affect them.
    """
    try:
        process = psutil.Process(pid)
        if process.status() == psutil.STATUS_ZOMBIE:
            return None
        return round(process.create_time() - psutil.boot_time(), 2)
    except psutil.NoSuchProcess:
        return None
