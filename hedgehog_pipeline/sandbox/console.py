"""What `hedgehog dev` prints of the output of its programs: a line for each batch, and errors."""

import re

import click

from hedgehog_pipeline.logs.reader import LogReader

_SHOWN = {"loaded", "file taken"}
_ERROR = re.compile(r"( - (ERROR|CRITICAL) - |^hedgehog_pipeline\.[\w.]+Error: )(?P<message>.+)")
"""An error line of Dagster, or the message of a Hedgehog error in a traceback."""


class DevConsole:
    """Prints lines of the platform, and errors of Dagster."""

    def __init__(self) -> None:
        self._reader = LogReader()
        self._last_error = ""

    def print_line(self, line: str) -> None:
        """Print a line if it is of interest to a person."""
        found = self._reader.read(line)
        if found is None:
            return
        if found.event:
            if found.warns or found.event in _SHOWN:
                click.secho(found.text, fg="yellow" if found.warns else None)
        elif (error := _ERROR.search(found.text)) and error["message"] != self._last_error:
            self._last_error = error["message"]
            click.secho(f"Dagster: {self._last_error}", fg="red")
