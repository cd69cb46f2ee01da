"""Read JSON log lines back, and show them as sentences for people."""

import json
from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import click

from hedgehog_pipeline.logs.lines import DETAILS, WARNINGS, text_line
from hedgehog_pipeline.logs.sentences import sentence
from hedgehog_pipeline.printable import printable

_NO_FIELDS = {"at", "level", "event"}
_BEGINNING = '{"at": '
UNREADABLE = "unreadable"
"""The event of a line that begins like one of ours but cannot be read."""

_NOT_OURS = (ArithmeticError, LookupError, RecursionError, TypeError, ValueError)
"""Raised for a line that is cut off, lacks our fields or holds other values in them."""


@dataclass(frozen=True)
class LogLine:
    """A line for people.

    Attributes:
        event: what happened, or `UNREADABLE`; empty for a line of another program.
        text: the line, safe for a terminal.
        warns: whether a person should look at it.
    """

    event: str
    text: str
    warns: bool


class LogReader:
    """Reads our log lines; counts the tables of a commit from the lines before its own."""

    def __init__(self) -> None:
        self._tables: dict[tuple[str, int], set[str]] = defaultdict(set)

    def read(self, line: str) -> LogLine | None:
        """Return a line for people; None for one that a terminal does not show.

        A line that begins like one of ours but cannot be read is returned unchanged.
        """
        line = click.unstyle(line)
        if not line.startswith(_BEGINNING):
            return LogLine("", printable(line), warns=True) if line.strip() else None
        try:
            return self._format(json.loads(line))
        except _NOT_OURS:  # two programs wrote at once, or another program wrote it
            return LogLine(UNREADABLE, printable(line), warns=True)

    def _format(self, fields: dict[str, Any]) -> LogLine | None:
        event, stage = fields["event"], fields.get("stage", "")
        commit = (stage, fields.get("commit", 0))
        if event == "written":
            self._tables[commit].add(fields["table"])
        if event in DETAILS:
            return None
        tables = self._tables.pop(commit, None) if event in {"committed", "loaded"} else None
        text = sentence(
            event,
            {name: value for name, value in fields.items() if name not in _NO_FIELDS},
            None if tables is None else len(tables),
        )
        warns = event in WARNINGS or fields["level"] != "INFO" or bool(fields.get("quarantined"))
        return LogLine(event, text_line(datetime.fromisoformat(fields["at"]), stage, text), warns)
