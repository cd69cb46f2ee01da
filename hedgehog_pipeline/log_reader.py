"""Log lines read back: what programs wrote as JSON, as sentences for a person."""

import json
from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from hedgehog_pipeline.log_lines import DETAILS, WARNINGS, text_line
from hedgehog_pipeline.log_sentences import sentence

_NO_FIELDS = {"at", "level", "event"}


@dataclass(frozen=True)
class Told:
    """A line for a person.

    Attributes:
        event: what happened; of another program's line, nothing.
        text: the line.
        warns: whether a person should look at it.
    """

    event: str
    text: str
    warns: bool


class LogReader:
    """Reads the lines of the platform; it counts the tables of a commit, which no line names."""

    def __init__(self) -> None:
        self._tables: dict[tuple[str, int], set[str]] = defaultdict(set)

    def read(self, line: str) -> Told | None:
        """Tell what a line says; None where a terminal is spared it."""
        fields = _object_in(line)
        if fields is None:
            return Told("", line, warns=True) if line.strip() else None
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
        return Told(event, text_line(datetime.fromisoformat(fields["at"]), stage, said), warns)


def _object_in(line: str) -> dict[str, Any] | None:
    """Give the object of a line that the platform wrote, None of another's line."""
    if not line.startswith('{"at": '):
        return None
    try:
        return json.loads(line)
    except ValueError:  # two programs wrote at once
        return None
