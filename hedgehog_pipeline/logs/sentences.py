"""Say in a sentence what a log event reports."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

_DONE = {"extraction": "landed", "processing": "processed"}
_COMMON = {"stage", "batch", "commit", "table"}


def sentence(event: str, fields: Mapping[str, Any], tables: int | None = None) -> str:
    """Return the sentence for an event and its fields.

    Args:
        event: as in the JSON line.
        fields: as in the JSON line.
        tables: number of tables with rows in a commit, None if not counted.
    """
    write = _SENTENCES.get(event)
    if write is None:
        return event
    amount = counted(fields.get("rows", 0), "row")
    if tables is not None:
        amount += f" of {counted(tables, 'table')}"
    return write(fields, amount)


def counted(number: int, noun: str) -> str:
    """Return a number with its noun, such as `1 row` or `1,200 rows`."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _written(fields: Mapping[str, Any], amount: str) -> str:
    size = f", {counted(fields['bytes'], 'byte')}" if "bytes" in fields else ""
    return f"{fields['table']}: {amount}{size} written"


def _committed(fields: Mapping[str, Any], amount: str) -> str:
    done = _DONE[fields["stage"]]
    return f"commit {fields['commit']} {done}: {amount} in {fields['seconds']:.1f} s"


def _loaded(fields: Mapping[str, Any], amount: str) -> str:
    line = f"commit {fields['commit']} loaded: {amount} in {fields['seconds']:.1f} s"
    counts = {"inferred": "inferred", "tombstones": "deleted", "quarantined": "in quarantine"}
    return ", ".join(
        [line, *(f"{fields[name]:,} {word}" for name, word in counts.items() if fields[name])]
    )


def _file_landed(fields: Mapping[str, Any], _amount: str) -> str:
    found = {name: value for name, value in fields.items() if name not in _COMMON}
    details = ", ".join(f"{name} {value}" for name, value in found.items())
    return f"commit {fields['commit']} landed an inbox file of {fields['table']}: {details}"


_SENTENCES: dict[str, Callable[[Mapping[str, Any], str], str]] = {
    "written": _written,
    "committed": _committed,
    "loaded": _loaded,
    "file taken": _file_landed,
    "columns not declared": lambda fields, _: (
        f"{fields['table']} has undeclared columns: {', '.join(fields['columns'])}"
    ),
    "read in full again": lambda fields, _: (
        f"{'' if 'table' in fields else 'the source is '}read in full again: {fields['why']}"
    ),
    "held back": lambda fields, _: (
        f"transaction {fields['transaction']} of the source is still open; "
        f"{counted(fields['others'], 'other')} began after it, so each commit lists "
        f"{counted(fields['ranges'], 'range')} of finished transactions: end it "
        "(pg_stat_activity, pg_prepared_xacts)"
    ),
    "let go": lambda fields, amount: (
        f"batch {fields['batch']} discarded, {amount}: nothing new, or another writer was faster"
    ),
    "lag": lambda fields, _: f"the warehouse is {fields['seconds']} s behind the source",
    "stuck": lambda fields, _: (
        f"{fields['job']} is stuck: no more retries for {_numbers(fields['commits'])}"
    ),
    "run failed": lambda fields, _: f"run {fields['run']} of {fields['job']} failed",
}


def _numbers(commits: Sequence[int]) -> str:
    return f"commit{'' if len(commits) == 1 else 's'} {', '.join(map(str, commits))}"
