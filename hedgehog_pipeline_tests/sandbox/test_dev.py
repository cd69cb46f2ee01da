"""`hedgehog dev` shows a person what matters, and leaves nothing behind when it is asked to end."""

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
from hedgehog_pipeline_tests.makefile import commands_of

_HEDGEHOG = Path(sys.executable).parent / "hedgehog"
_SECONDS_TO_START = 240
_SECONDS_TO_END = 15


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _programs(folder: Path, *words: str) -> list[psutil.Process]:
    """Find what runs for a folder: by its command line, or by the variables that it was given."""
    found: list[psutil.Process] = []
    for process in psutil.process_iter():
        try:
            if process.status() == psutil.STATUS_ZOMBIE:
                continue
            command = " ".join(process.cmdline())
            given = f"{command} {process.environ().get('DAGSTER_HOME', '')}"
        except psutil.Error:
            continue
        if str(folder) in given and all(word in command for word in words):
            found.append(process)
    return found


@pytest.fixture
def folder() -> Iterator[Path]:
    """Not below pytest's own folder, which another pytest closes to PostgreSQL's user."""
    with TemporaryDirectory() as folder:
        yield Path(folder)


def test_sigterm_ends_all_of_it_where_ctrl_c_is_ignored_and_a_part_of_dagster_hangs(
    folder: Path,
) -> None:
    ours = ("AWS_", "DAGSTER_", "HEDGEHOG_")
    bare = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    shown, port = folder / "shown", _free_port()
    ((_, *words),) = commands_of("dev")
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)  # as a shell's background has it
    try:
        with shown.open("wb") as output:
            dev = subprocess.Popen(
                [_HEDGEHOG, *words, "--orders", "300", "--port", str(port)],
                cwd=folder,
                env={**bare, "HEDGEHOG_LOG_FORMAT": "text"},
                stdout=output,
                stderr=output,
            )
    finally:
        signal.signal(signal.SIGINT, before)

    url = f"Dagster's UI: http://127.0.0.1:{port} "

    def ready() -> bool:
        return dev.poll() is not None or url in shown.read_text()

    assert await_condition(ready, _SECONDS_TO_START, every=0.2)
    (daemon,) = _programs(folder, "dagster_daemon")
    daemon.suspend()
    dev.terminate()
    dev.wait(_SECONDS_TO_END)
    told = shown.read_text()
    assert (dev.returncode, _programs(folder)) == (0, []), told
    assert told.splitlines()[-1].startswith("Ended.")
    assert not any(noise in told for noise in ("{", "Warning", "SensorDaemon"))


def test_a_port_that_is_taken_is_told_before_anything_starts(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        done = subprocess.run(
            [_HEDGEHOG, "dev", "--port", port], cwd=tmp_path, capture_output=True, check=False
        )
    assert done.returncode == 1
    assert f"Port {port} of 127.0.0.1 is taken" in done.stderr.decode()
    assert list(tmp_path.iterdir()) == []
