"""A trace as people read it: a paragraph for each version, the newest last."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from click import style

from hedgehog_pipeline.monitoring.quarantine import Entry, place_of
from hedgehog_pipeline.printable import printable
from hedgehog_pipeline.trace.landed_rows import LandedRow
from hedgehog_pipeline.trace.trace import Trace, Version

_BY_HAND = "in no object of that commit: Hedgehog did not write this"
_UNMARKED = "by a load of some tables alone, which keeps no time"


def lines_of(trace: Trace) -> Iterator[str]:
    """Write a trace; of a version after the first only the columns that changed."""
    count = len(trace.versions)
    counted = f"{count} version" + "s" * (count != 1) if count else "no version in the warehouse"
    yield style(f"{trace.table} {trace.key}: {counted}", bold=True)
    before: Mapping[str, Any] = {}
    for number, version in enumerate(trace.versions, start=1):
        yield ""
        yield f"version {number} of {count}, {_state(version)}"
        yield from _stages(version)
        yield from _disagreements(version)
        yield from _values(before, version.held.row)
        before = version.held.row
    for deletion in trace.deletions:
        yield ""
        yield style("deleted in the shop", fg="red")
        yield from _landed("seen gone", deletion)
    for entry in trace.quarantine:
        yield ""
        yield from _told(entry)
    if trace.waiting:
        yield ""
        yield style(
            f"{trace.waiting} landed commits are not in the warehouse yet: `hedgehog run`",
            fg="yellow",
        )


def _state(version: Version) -> str:
    held = version.held
    if held.inferred_since:
        return style("inferred: a fact mentions it, and no row of it has been loaded", fg="yellow")
    if held.deleted:
        return style("deleted", fg="red")
    return style("current", fg="green") if held.current else "not current"


def _stages(version: Version) -> Iterator[str]:
    held, shaping = version.held, version.shaping
    for landing in version.landings:
        yield from _landed("captured", landing)
    if shaping:
        kind = ", restatement" if shaping.kind == "restatement" else ""
        yield f"  processed  {_moment(shaping.processed_at)}  commit {shaping.commit}{kind}"
        yield f"             {shaping.part or _BY_HAND}"
    if held.inferred_since:
        yield f"  inferred   {_moment(held.inferred_since)}"
    else:
        yield f"  loaded     {_moment(held.loaded_at) if held.loaded_at else _UNMARKED}"


def _landed(word: str, landing: LandedRow) -> Iterator[str]:
    how = f"{landing.kind}, {landing.file}" if landing.file else landing.kind
    whose = f"{landing.table} {landing.key}"
    told = printable(f"commit {landing.commit}, {how}: {whose}")
    yield f"  {word:<11}{_moment(landing.captured_at)}  {told}"
    yield f"             {f'{landing.part}, row {landing.line}' if landing.part else _BY_HAND}"


def _disagreements(version: Version) -> Iterator[str]:
    for found in version.disagreements:
        told = ", ".join(f"{_shown(value)} in {place}" for place, value in found.values.items())
        yield style(f"  not at one {found.column}: {told}", fg="red")


def _values(before: Mapping[str, Any], row: Mapping[str, Any]) -> Iterator[str]:
    for name, value in row.items():
        if not before:
            yield f"    {name} = {_shown(value)}"
        elif value != before[name]:
            yield f"    {name} = {_shown(value)}, was {_shown(before[name])}"


def _told(entry: Entry) -> Iterator[str]:
    state = style("open", fg="yellow") if entry.open else "closed"
    yield f"in quarantine, {state}: {printable(str(entry))}"
    yield f"             {printable(place_of(entry.part, entry.line))}"


def _moment(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S} UTC"


def _shown(value: object) -> str:
    """Write a value on one line, whatever a text of the shop holds."""
    return repr(value) if isinstance(value, str) else "null" if value is None else str(value)
