"""What `hedgehog dev` shows of all that its programs write: a line for each batch, and trouble."""

import re

import click

from hedgehog_pipeline.logs.reader import LogReader

_SHOWN = {"loaded", "file taken"}
_TROUBLE = re.compile(r"( - (ERROR|CRITICAL) - |^hedgehog_pipeline\.[\w.]+Error: )(?P<told>.+)")
"""What Dagster writes when something is wrong, and the sentence of ours that it is about."""


class DevConsole:
    """Shows lines of the platform, and errors of Dagster."""

    def __init__(self) -> None:
        self._reader = LogReader()
        self._last = ""

    def tell(self, line: str) -> None:
        """Show a line where it is for a person."""
        told = self._reader.read(line)
        if told is None:
            return
        if told.event:
            if told.warns or told.event in _SHOWN:
                click.secho(told.text, fg="yellow" if told.warns else None)
        elif (trouble := _TROUBLE.search(told.text)) and trouble["told"] != self._last:
            self._last = trouble["told"]
            click.secho(f"Dagster: {self._last}", fg="red")
