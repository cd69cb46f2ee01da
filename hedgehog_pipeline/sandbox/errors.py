"""What is said when the sandbox cannot do what was asked."""

from pathlib import Path

import click

from hedgehog_pipeline.errors import HedgehogError
from hedgehog_pipeline.printable import printable

_TAIL_LINES = 15


class SandboxError(HedgehogError):
    """The sandbox cannot do what was asked."""


def log_tail(log: Path) -> str:
    """The last lines of a server's log, to stand below such a sentence or on a terminal."""
    if not log.exists():
        return f"It wrote no log ({log})."
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines()[-_TAIL_LINES:]
    shown = [printable(click.unstyle(line)) for line in lines]
    return "\n".join([f"The end of its log, {log}:", *shown])
