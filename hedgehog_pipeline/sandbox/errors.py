"""Errors of the sandbox."""

from pathlib import Path

import click

from hedgehog_pipeline.errors import HedgehogError
from hedgehog_pipeline.printable import printable

_TAIL_LINES = 15


class SandboxError(HedgehogError):
    """A command of the sandbox failed."""


def log_tail(log: Path) -> str:
    """Return the last lines of a server's log, safe to print after an error message."""
    if not log.exists():
        return f"It wrote no log ({log})."
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines()[-_TAIL_LINES:]
    printable_lines = [printable(click.unstyle(line)) for line in lines]
    return "\n".join([f"Last lines of its log {log}:", *printable_lines])
