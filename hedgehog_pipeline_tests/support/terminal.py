"""Run a program on a terminal."""

import os
import pty
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path


def on_terminal(command: Sequence[str | Path], environment: Mapping[str, str]) -> str:
    """Run a program, assert that it succeeds, and return its output."""
    env = {"COLUMNS": "100", **environment, "TERM": "xterm-256color"}
    ours, theirs = pty.openpty()
    with subprocess.Popen(command, env=env, stdout=theirs, stderr=theirs) as process:
        os.close(theirs)
        shown = b"".join(_read(ours)).decode()
    os.close(ours)
    assert process.returncode == 0, shown
    return shown.replace("\r\n", "\n").strip()


def _read(terminal: int) -> Iterator[bytes]:
    """Read until the program has ended, which Linux reports as an error."""
    with suppress(OSError):
        while text := os.read(terminal, 4096):
            yield text
