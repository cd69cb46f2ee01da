"""Format log lines: JSON for programs, a sentence for people on a terminal."""

import json
import logging
import os
import sys
from collections.abc import Mapping
from datetime import datetime, timezone
from typing import Any, TextIO

import click

from hedgehog_pipeline.printable import printable

DETAILS = {"written", "let go", "lag"}
"""Events that a terminal does not show: the tables of a commit, and what changes nothing."""

WARNINGS = {"columns not declared", "read in full again", "stuck", "run failed"}


class JsonFormatter(logging.Formatter):
    """Formats a record's event and fields as one line of JSON; times are UTC."""

    def format(self, record: logging.LogRecord) -> str:
        """Format the line."""
        at = datetime.fromtimestamp(record.created, timezone.utc)
        line = {"at": at.isoformat(timespec="milliseconds"), "level": record.levelname}
        event = getattr(record, "event", None) or record.getMessage()
        return json.dumps({**line, "event": event, **fields_of(record)}, default=str)


class TextFormatter(logging.Formatter):
    """Formats a record as a line for people; times are in the machine's time zone.

    Attributes:
        colour: whether warnings are coloured.
    """

    def __init__(self, *, colour: bool) -> None:
        super().__init__()
        self.colour = colour

    def format(self, record: logging.LogRecord) -> str:
        """Format the line."""
        warns = record.levelno >= logging.WARNING or is_warning(record)
        line = text_line(
            datetime.fromtimestamp(record.created, timezone.utc),
            str(fields_of(record).get("stage", "")),
            record.getMessage(),
        )
        return click.style(line, fg="yellow") if self.colour and warns else line


def fields_of(record: logging.LogRecord) -> Mapping[str, Any]:
    """Return the fields of a record; none for a record of another library."""
    return getattr(record, "fields", {})


def text_line(at: datetime, stage: str, sentence: str) -> str:
    """Format a line for people: the local time, the stage, the sentence.

    Control characters, such as in the name of a file or a column, are shown escaped.
    """
    where = f"{stage:<12}" if stage else ""
    return printable(f"{at.astimezone():%H:%M:%S}  {where}{sentence}")


def is_detail(record: logging.LogRecord) -> bool:
    """Return whether a terminal does not show a record."""
    return getattr(record, "event", None) in DETAILS


def is_warning(record: logging.LogRecord) -> bool:
    """Return whether a person should look at a record."""
    return bool(getattr(record, "event", None) in WARNINGS or fields_of(record).get("quarantined"))


def as_text(log_format: str | None, stream: TextIO | None = None) -> bool:
    """Return whether lines on a stream are for people.

    Args:
        log_format: `json` or `text`; None for text if the stream is a terminal.
        stream: None for stderr.
    """
    if log_format is not None:
        return log_format == "text"
    return (stream or sys.stderr).isatty()


def console_handler(log_format: str | None) -> logging.Handler:
    """Return the handler that writes to stderr, in the format of the setting or the terminal."""
    handler = logging.StreamHandler()
    if as_text(log_format):
        colour = sys.stderr.isatty() and not os.environ.get("NO_COLOR")
        handler.setFormatter(TextFormatter(colour=colour))
        handler.addFilter(lambda record: not is_detail(record))
    else:
        handler.setFormatter(JsonFormatter())
    return handler
