"""Log lines read back: what programs wrote as JSON, as sentences for a person."""

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
"""The event of a line that begins like one of the platform, and says nothing that is known."""

_NOT_OURS = (ArithmeticError, LookupError, RecursionError, TypeError, ValueError)
"""Raised by a line that is torn, that lacks our fields, or that holds something else in them."""


@dataclass(frozen=True)
class LogLine:
    """A line for a person.

    Attributes:
        event: what happened, or `UNREADABLE`; of another program's line, nothing.
        text: the line, which does nothing to a terminal.
        warns: whether a person should look at it.
    """

    event: str
    text: str
    warns: bool


class LogReader:
    """Reads the lines of the platform; it counts the tables of a commit, which no line names."""

    def __init__(self) -> None:
        self._tables: dict[tuple[str, int], set[str]] = defaultdict(set)

    def read(self, line: str) -> LogLine | None:
        """Tell what a line says; None where a terminal is spared it.

        A line that begins like one of the platform and cannot be read is told as it is.
        """
        line = click.unstyle(line)
        if not line.startswith(_BEGINNING):
            return LogLine("", printable(line), warns=True) if line.strip() else None
        try:
            return self._said(json.loads(line))
        except _NOT_OURS:  # two programs wrote at once, or it is another program's
            return LogLine(UNREADABLE, printable(line), warns=True)

    def _said(self, fields: dict[str, Any]) -> LogLine | None:
        event, stage = fields["event"], fields.get("stage", "")
        commit = (stage, fields.get("commit", 0))
        if event == "written":
            self._tables[commit].add(fields["table"])
        if event in DETAILS:
            return None
        tables = self._tables.pop(commit, None) if event in {"committed", "loaded"} else None
        said = sentence(
            event,
            {name: value for name, value in fields.items() if name not in _NO_FIELDS},
            None if tables is None else len(tables),
        )
        warns = event in WARNINGS or fields["level"] != "INFO" or bool(fields.get("quarantined"))
        return LogLine(event, text_line(datetime.fromisoformat(fields["at"]), stage, said), warns)
