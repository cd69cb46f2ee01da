"""A trace as text: a paragraph for each version, the newest last."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from click import style

from hedgehog_pipeline.monitoring.quarantine import Entry, location_of
from hedgehog_pipeline.printable import printable
from hedgehog_pipeline.trace.landed_rows import LandedRow
from hedgehog_pipeline.trace.trace import Trace, Version

_NO_OBJECT = "no object of that commit has this row: Hedgehog did not write this"
_NO_LOAD_TIME = "by a load of selected tables, which records no time"


def render_trace(trace: Trace) -> Iterator[str]:
    """Write a trace; after the first version only the columns that changed."""
    count = len(trace.versions)
    counted = f"{count} version" + "s" * (count != 1) if count else "no version in the warehouse"
    yield style(f"{trace.table} {trace.key}: {counted}", bold=True)
    before: Mapping[str, Any] = {}
    for number, version in enumerate(trace.versions, start=1):
        yield ""
        yield f"version {number} of {count}, {_state(version)}"
        yield from _stages(version)
        yield from _disagreements(version)
        yield from _values(before, version.row)
        before = version.row
    for deletion in trace.deletions:
        yield ""
        yield style("deleted in the source", fg="red")
        yield from _landed("detected", deletion)
    for entry in trace.quarantine:
        yield ""
        yield from _quarantine(entry)
    if trace.waiting:
        yield ""
        yield style(
            f"{trace.waiting} landed commits are not in the warehouse yet: run `hedgehog run`",
            fg="yellow",
        )


def _state(version: Version) -> str:
    if version.inferred_since:
        return style("inferred: a fact refers to it, but its own row is not loaded", fg="yellow")
    if version.deleted:
        return style("deleted", fg="red")
    return style("current", fg="green") if version.current else "not current"


def _stages(version: Version) -> Iterator[str]:
    for landed in version.landings:
        yield from _landed("captured", landed)
    if transformation := version.shaping:
        kind = ", restatement" if transformation.kind == "restatement" else ""
        yield (
            f"  processed  {_timestamp(transformation.processed_at)}  "
            f"commit {transformation.commit}{kind}"
        )
        yield f"             {transformation.part or _NO_OBJECT}"
    if version.inferred_since:
        yield f"  inferred   {_timestamp(version.inferred_since)}"
    else:
        loaded = _timestamp(version.loaded_at) if version.loaded_at else _NO_LOAD_TIME
        yield f"  loaded     {loaded}"


def _landed(label: str, landed: LandedRow) -> Iterator[str]:
    kind = f"{landed.kind}, {landed.file}" if landed.file else landed.kind
    origin = printable(f"commit {landed.commit}, {kind}: {landed.table} {landed.key}")
    yield f"  {label:<11}{_timestamp(landed.captured_at)}  {origin}"
    yield f"             {f'{landed.part}, row {landed.line}' if landed.part else _NO_OBJECT}"


def _disagreements(version: Version) -> Iterator[str]:
    for found in version.disagreements:
        values = ", ".join(f"{_value(value)} in {place}" for place, value in found.values.items())
        yield style(f"  values differ in {found.column}: {values}", fg="red")


def _values(before: Mapping[str, Any], row: Mapping[str, Any]) -> Iterator[str]:
    for name, value in row.items():
        if not before:
            yield f"    {name} = {_value(value)}"
        elif value != before[name]:
            yield f"    {name} = {_value(value)}, was {_value(before[name])}"


def _quarantine(entry: Entry) -> Iterator[str]:
    state = style("open", fg="yellow") if entry.open else "closed"
    yield f"in quarantine, {state}: {printable(str(entry))}"
    yield f"             {printable(location_of(entry.part, entry.line))}"


def _timestamp(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M:%S} UTC"


def _value(value: object) -> str:
    """Write a value on one line; control characters in a text are escaped."""
    return repr(value) if isinstance(value, str) else "null" if value is None else str(value)
