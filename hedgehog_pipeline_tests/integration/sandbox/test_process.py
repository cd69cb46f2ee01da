"""Server processes are found again by their folder, and a failed start shows the log."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from hedgehog_pipeline.sandbox import process
from hedgehog_pipeline.sandbox.errors import SandboxError, log_tail
from hedgehog_pipeline.sandbox.process import ServerProcess


@pytest.fixture
def server(tmp_path: Path) -> ServerProcess:
    return ServerProcess("The server", tmp_path)


def python(code: str) -> list[str]:
    return [sys.executable, "-c", code]


def test_a_server_is_found_again_by_its_folder_and_stopped(server: ServerProcess) -> None:
    server.start(python("import time; time.sleep(60)"), lambda: True, environ=os.environ)
    again = ServerProcess("The server", server.folder)
    assert again.running
    again.stop()
    assert not server.running


def test_a_process_with_a_recycled_pid_is_not_killed(server: ServerProcess) -> None:
    with subprocess.Popen(python("input()"), stdin=subprocess.PIPE) as other:
        handle = {"pid": other.pid, "started": 1.0}
        (server.folder / "process.json").write_text(json.dumps(handle))
        assert not server.running
        server.stop()
        assert other.poll() is None
        other.kill()


def test_only_one_server_runs_on_a_folder(
    server: ServerProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(process, "_LOCK_SECONDS", 0.2)
    sleeping = python("import time; time.sleep(60)")
    server.start(sleeping, lambda: True, environ=os.environ)
    handle = server.folder / "process.json"
    handle.rename(server.folder / "moved")
    with pytest.raises(SandboxError, match="Another The server already runs on"):
        server.start(sleeping, lambda: True, environ=os.environ)
    (server.folder / "moved").rename(handle)
    server.stop()
    server.start(sleeping, lambda: True, environ=os.environ)
    server.stop()


def test_a_server_that_ends_at_once_shows_its_log(server: ServerProcess) -> None:
    with pytest.raises(SandboxError, match=r"ended while starting[\s\S]*no such luck"):
        server.start(python("exit('no such luck')"), lambda: False, environ=os.environ)


def test_control_characters_in_a_log_are_escaped(server: ServerProcess) -> None:
    server.log.write_text("\x1b[31mred\x1b[0m\n\x1b]0;owned\x07\n")
    assert log_tail(server.log).splitlines()[1:] == ["red", r"\x1b]0;owned\x07"]


def test_a_server_that_is_not_ready_in_time_is_stopped(
    server: ServerProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(process, "_READY_SECONDS", 0.2)
    with pytest.raises(SandboxError, match="was not ready within"):
        server.start(python("import time; time.sleep(60)"), lambda: False, environ=os.environ)
    assert not server.running


def test_a_server_that_ignores_sigterm_is_killed(
    server: ServerProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(process, "_STOP_SECONDS", 0.2)
    stubborn = (
        "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); "
        "print('deaf', flush=True); time.sleep(60)"
    )
    server.start(python(stubborn), lambda: "deaf" in server.log.read_text(), environ=os.environ)
    server.stop()
    assert not server.running
