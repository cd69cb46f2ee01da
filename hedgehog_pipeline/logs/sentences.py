"""What an event of the log says, as a sentence."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

_DONE = {"extraction": "landed", "processing": "processed"}
_PLACE = {"stage", "batch", "commit", "table"}


def sentence(event: str, fields: Mapping[str, Any], tables: int | None = None) -> str:
    """Say in a sentence what an event and its fields tell.

    Args:
        event: as in the JSON line.
        fields: of the event.
        tables: how many tables a commit holds rows of, where somebody has counted.
    """
    say = _SENTENCES.get(event)
    if say is None:
        return event
    amount = counted(fields.get("rows", 0), "row")
    if tables is not None:
        amount += f" of {counted(tables, 'table')}"
    return say(fields, amount)


def counted(number: int, noun: str) -> str:
    """Write a number and what it counts."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _written(fields: Mapping[str, Any], amount: str) -> str:
    size = f", {counted(fields['bytes'], 'byte')}" if "bytes" in fields else ""
    return f"{fields['table']}: {amount}{size} written"


def _committed(fields: Mapping[str, Any], amount: str) -> str:
    done = _DONE[fields["stage"]]
    return f"commit {fields['commit']} {done}: {amount} in {fields['seconds']:.1f} s"


def _loaded(fields: Mapping[str, Any], amount: str) -> str:
    line = f"commit {fields['commit']} loaded: {amount} in {fields['seconds']:.1f} s"
    told = {"inferred": "inferred", "tombstones": "deleted", "quarantined": "in quarantine"}
    return ", ".join(
        [line, *(f"{fields[name]:,} {word}" for name, word in told.items() if fields[name])]
    )


def _file_taken(fields: Mapping[str, Any], _amount: str) -> str:
    found = {name: value for name, value in fields.items() if name not in _PLACE}
    told = ", ".join(f"{name} {value}" for name, value in found.items())
    return f"commit {fields['commit']} took a file for {fields['table']}: {told}"


_SENTENCES: dict[str, Callable[[Mapping[str, Any], str], str]] = {
    "written": _written,
    "committed": _committed,
    "loaded": _loaded,
    "file taken": _file_taken,
    "columns not declared": lambda fields, _: (
        f"{fields['table']} has columns that no declaration names: {', '.join(fields['columns'])}"
    ),
    "read in full again": lambda fields, _: (
        f"{'' if 'table' in fields else 'the shop is '}read in full again: {fields['why']}"
    ),
    "held back": lambda fields, _: (
        f"transaction {fields['transaction']} of the source is open since "
        f"{counted(fields['others'], 'other')} began, so that each commit holds "
        f"{counted(fields['ranges'], 'range')} of those that are over: end it "
        "(pg_stat_activity, pg_prepared_xacts)"
    ),
    "let go": lambda fields, amount: (
        f"batch {fields['batch']} let go, {amount}: nothing new, or another writer was faster"
    ),
    "lag": lambda fields, _: f"the warehouse is {fields['seconds']} s behind the shop",
    "stuck": lambda fields, _: (
        f"{fields['job']} is stuck: it tries no more {_numbers(fields['commits'])}"
    ),
    "run failed": lambda fields, _: f"run {fields['run']} of {fields['job']} failed",
}


def _numbers(commits: Sequence[int]) -> str:
    return f"commit{'' if len(commits) == 1 else 's'} {', '.join(map(str, commits))}"
