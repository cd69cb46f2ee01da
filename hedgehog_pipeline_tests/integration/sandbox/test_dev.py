"""`hedgehog dev` prints only what matters, and stops everything when it ends."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import psutil
import pytest

from hedgehog_pipeline.sandbox.waiting import await_condition
from hedgehog_pipeline_tests.support.makefile import commands_of

_HEDGEHOG = Path(sys.executable).parent / "hedgehog"
_SECONDS_TO_START = 240
_SECONDS_TO_END = 15


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _programs(folder: Path, *words: str) -> list[psutil.Process]:
    """Find the processes of a sandbox folder, by command line or environment."""
    found: list[psutil.Process] = []
    for process in psutil.process_iter():
        try:
            if process.status() == psutil.STATUS_ZOMBIE:
                continue
            command = " ".join(process.cmdline())
            text = f"{command} {process.environ().get('DAGSTER_HOME', '')}"
        except psutil.Error:
            continue
        if str(folder) in text and all(word in command for word in words):
            found.append(process)
    return found


@pytest.fixture
def folder() -> Iterator[Path]:
    """Return a folder outside pytest's own, which another pytest closes to PostgreSQL's user."""
    with TemporaryDirectory() as folder:
        yield Path(folder)


def test_sigterm_stops_everything_although_sigint_is_ignored_and_the_daemon_hangs(
    folder: Path,
) -> None:
    ours = ("AWS_", "DAGSTER_", "HEDGEHOG_")
    bare = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    output_file, port = folder / "output", _free_port()
    ((_, *words),) = commands_of("dev")
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)  # as a shell does for its background
    try:
        with output_file.open("wb") as output:
            dev = subprocess.Popen(
                [_HEDGEHOG, *words, "--orders", "300", "--port", str(port)],
                cwd=folder,
                env={**bare, "HEDGEHOG_LOG_FORMAT": "text"},
                stdout=output,
                stderr=output,
            )
    finally:
        signal.signal(signal.SIGINT, before)

    url = f"Dagster UI: http://127.0.0.1:{port} "

    def ready() -> bool:
        return dev.poll() is not None or url in output_file.read_text()

    assert await_condition(ready, _SECONDS_TO_START, every=0.2)
    (daemon,) = _programs(folder, "dagster_daemon")
    daemon.suspend()
    dev.terminate()
    dev.wait(_SECONDS_TO_END)
    text = output_file.read_text()
    assert (dev.returncode, _programs(folder)) == (0, []), text
    assert text.splitlines()[-1].startswith("Stopped.")
    assert not any(noise in text for noise in ("{", "Warning", "SensorDaemon"))


def test_a_port_in_use_is_reported_before_anything_starts(tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = str(other.getsockname()[1])
        done = subprocess.run(
            [_HEDGEHOG, "dev", "--port", port], cwd=tmp_path, capture_output=True, check=False
        )
    assert done.returncode == 1
    assert f"Port {port} of 127.0.0.1 is in use" in done.stderr.decode()
    assert list(tmp_path.iterdir()) == []
