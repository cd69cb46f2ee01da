"""The errors in the output of `hedgehog dev`."""

import re
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path

_ERROR = re.compile(r"\b(ERROR|CRITICAL)\b|^(Traceback|FATAL)|remaining connection slots")
_RECORD = re.compile(r"(\x1b\[\d+m)?\d{4}-\d\d-\d\d |\{")
"""The beginning of a log record; other lines, as of a traceback, belong to the record before."""


class Errors:
    """Reads what is appended to a file from now on; a file that does not exist yet, completely."""

    def __init__(self, log: Path | None) -> None:
        """Without a file it finds no error."""
        self._log = log
        self._read = log.stat().st_size if log and log.exists() else 0
        self._in_error = False

    def look(self) -> list[str]:
        """Return the first line of each new error; a traceback below it is part of the error."""
        if self._log is None or not self._log.exists():
            return []
        with self._log.open("rb") as lines:
            lines.seek(self._read)
            whole, newline, _ = lines.read().rpartition(b"\n")
        self._read += len(whole) + len(newline)
        return [*self._first_lines(whole.decode(errors="replace").splitlines())]

    def _first_lines(self, lines: Iterable[str]) -> Iterator[str]:
        for line in lines:
            if _RECORD.match(line):
                self._in_error = False
            if is_error(line) and not self._in_error:
                self._in_error = True
                yield line


def is_error(line: str) -> bool:
    """Return whether a line is an error, by its level or as the start of a traceback."""
    return _ERROR.search(line) is not None


def is_of(line: str, runs: Collection[str]) -> bool:
    """Return whether a line has the id of one of the runs."""
    return any(run in line for run in runs)
