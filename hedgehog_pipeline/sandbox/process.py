"""A server process of our own: started detached, found again later, never mistaken for another."""

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

# Far above the descriptors that anything here has open.
_LOCK_DESCRIPTOR = 99


@dataclass(frozen=True)
class ServerProcess:
    """One server, whose pid, start and log lie in its folder."""

    name: str
    folder: Path

    @property
    def log(self) -> Path:
        """What the server writes to its standard output and error."""
        return self.folder / "log"

    @property
    def running(self) -> bool:
        """Whether the server that was started from this folder still runs."""
        return self._pid is not None

    def start(
        self, command: Sequence[str], ready: Callable[[], bool], *, environ: Mapping[str, str]
    ) -> None:
        """Start the command in a session of its own and return when it is ready."""
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
            raise SandboxError(f"{self.name} ended while it was starting. {log_tail(self.log)}")
        if not ready():
            self.stop()
            raise SandboxError(
                f"{self.name} was not ready within {_READY_SECONDS} s. {log_tail(self.log)}"
            )

    def stop(self) -> None:
        """Ask the server to end, and end it when it does not; nothing when it is not running."""
        for request in (signal.SIGTERM, signal.SIGKILL):
            pid = self._pid
            if pid is None:
                break
            os.kill(pid, request)
            await_condition(lambda: not self.running, _STOP_SECONDS)
        self._handle.unlink(missing_ok=True)

    def _lock(self) -> int:
        """Lock the folder; the server inherits the lock and holds it for as long as it lives."""
        lock = os.open(self.folder / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        # A server that was just killed holds it until its last thread is gone.
        if not await_condition(lambda: _locks(lock), _LOCK_SECONDS):
            os.close(lock)
            raise SandboxError(
                f"Another {self.name} already runs on {self.folder}: stop that one first."
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


def _locks(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _started(pid: int) -> float | None:
    """When the process started, in seconds after boot; None where no such process runs.

    With its pid this tells a process from all others; no setting of the clock changes it.
    """
    try:
        process = psutil.Process(pid)
        if process.status() == psutil.STATUS_ZOMBIE:
            return None
        return round(process.create_time() - psutil.boot_time(), 2)
    except psutil.NoSuchProcess:
        return None
