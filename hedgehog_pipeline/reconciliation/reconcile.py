"""Compare source and warehouse: find what differs, what explains it, and which side is wrong."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import date
from time import monotonic

from hedgehog_pipeline.errors import HedgehogError
from hedgehog_pipeline.extraction.source import SourceSnapshot
from hedgehog_pipeline.lake.lake import Lake
from hedgehog_pipeline.model.tables import SourceTable, StarTable
from hedgehog_pipeline.postgres.key_ranges import (
    KeyRanges,
    difference,
    first_of,
    intersection,
    union,
)
from hedgehog_pipeline.printable import printable
from hedgehog_pipeline.reconciliation.checksums import compare
from hedgehog_pipeline.reconciliation.in_flight import InFlight
from hedgehog_pipeline.reconciliation.result import (
    LAKE,
    MAX_EXAMPLES,
    UNREAD,
    UNSOUGHT,
    WAREHOUSE,
    Difference,
    Reconciled,
)
from hedgehog_pipeline.reconciliation.sides import LakeRow, LakeSide, SourceSide, WarehouseSide
from hedgehog_pipeline.storage.backlog import confirm_loaded
from hedgehog_pipeline.storage.foreign_keys import is_initial_load_complete
from hedgehog_pipeline.storage.warehouse import Warehouse

OpenSource = Callable[[Sequence[SourceTable]], AbstractContextManager[SourceSnapshot]]
"""Opens some tables of the source in one snapshot."""

_MAX_LENGTH = 60

_SEARCH_SECONDS = 60.0
"""How long to search the lake for the first unexplained keys, all tables together."""

_NEVER_LANDED = LakeRow(None, 0)
"""The row in the lake of a key that never landed."""

_Lines = Mapping[int, bytes | None]
"""The line of each key; None where the source lacks the row or it cannot be read."""

_Samples = Mapping[str, _Lines]
"""The source's lines of the first keys that differ unexplained, by how they differ."""


def reconcile(
    lake: Lake, warehouse: Warehouse, open_source: OpenSource, tables: Sequence[StarTable]
) -> Iterator[Reconciled]:
    """Compare tables in one snapshot of the warehouse and one of the source.

    Tables with unexplained differences come last: the lake shows which side is wrong, and it is
    read after both snapshots are closed.

    Args:
        warehouse: the warehouse, prepared or not.
        open_source: opens the source, after the warehouse's snapshot is open and the log is read.
        tables: those of `reconciled_tables` (reconciliation/result.py).

    Raises:
        HedgehogError: where source, lake or warehouse cannot be read, or the warehouse was loaded
            from other logs.
    """
    unexplained: list[tuple[StarTable, Reconciled, _Samples]] = []
    with warehouse.snapshot():
        if not confirm_loaded(lake, warehouse) or not is_initial_load_complete(
            warehouse.connection
        ):
            yield from (Reconciled(table.name, None) for table in tables)
            return
        lake.confirm_source()
        loaded = lake.ingestion.read(warehouse.loaded_through())
        head = lake.ingestion.read(lake.ingestion.end())
        names = {name for table in tables for name in table.inputs}
        inputs = [table for name, table in warehouse.model.source.items() if name in names]
        with open_source(inputs) as snapshot:
            in_flight = InFlight(warehouse, lake, loaded, head, snapshot)
            for table in tables:
                result, samples = _compare_table(in_flight, table)
                if samples:
                    unexplained.append((table, result, samples))
                else:
                    yield result
    until = monotonic() + _SEARCH_SECONDS
    for table, result, samples in unexplained:
        side = LakeSide(lake, warehouse.model, table, loaded.number)
        yield _find_wrong_side(result, samples, side, until)


def _compare_table(in_flight: InFlight, table: StarTable) -> tuple[Reconciled, _Samples]:
    """Compare a table; return the result, and samples of its unexplained differences."""
    if not in_flight.is_comparable(table):
        return Reconciled(table.name, None), {}
    source = SourceSide(in_flight.source, in_flight.warehouse.model, table)
    warehouse = WarehouseSide(in_flight.warehouse.connection, table)
    found = compare(source.lines(), warehouse.lines())
    differing: dict[str, KeyRanges] = {
        "missing in the warehouse": found.missing,
        "surplus in the warehouse": found.surplus,
        "different": found.different,
    }
    explained = list(_explain(in_flight, table, differing))
    faults: list[Difference] = []
    samples: dict[str, _Lines] = {}
    for what, keys in differing.items():
        if keys:
            first_keys = first_of(keys, MAX_EXAMPLES)
            theirs, ours = dict(source.lines(first_keys)), dict(warehouse.lines(first_keys))
            faults.append(Difference(what, None, keys, tuple(_examples(table, theirs, ours))))
            samples[what] = {
                key: theirs.get(key) for first, last in first_keys for key in range(first, last + 1)
            }
    return Reconciled(table.name, found, (*faults, *explained)), samples


def _explain(
    in_flight: InFlight, table: StarTable, differing: dict[str, KeyRanges]
) -> Iterator[Difference]:
    """Yield the explained differences, and remove their keys from `differing`."""
    reasons = in_flight.reasons(table, union(*differing.values()))
    while any(differing.values()) and (reason := next(reasons, None)):
        why, applies_to = reason
        for what, keys in differing.items():
            if explained := intersection(keys, applies_to):
                yield Difference(what, why, explained)
                differing[what] = difference(keys, explained)


def _find_wrong_side(
    result: Reconciled, samples: _Samples, side: LakeSide, until: float
) -> Reconciled:
    """Find which side is wrong, by what landed last for the first keys."""
    faults = [found for found in result.differences if found.why is None]
    explained = [found for found in result.differences if found.why]
    try:
        landed = side.rows({key for lines in samples.values() for key in lines}, until)
        numbers = {row.commit for row in landed.values() if row}
        days = {number: side.lake.ingestion.read(number).date for number in numbers}
    except HedgehogError as error:
        reason = printable(str(error))
        judged = [replace(f, examples=(*f.examples, reason), wrong=(UNREAD,)) for f in faults]
    else:
        judged = [_judge(fault, samples[fault.what], landed, days) for fault in faults]
    return replace(result, differences=(*judged, *explained))


def _judge(
    fault: Difference,
    source_lines: _Lines,
    landed: Mapping[int, LakeRow | None],
    days: Mapping[int, date],
) -> Difference:
    wrong, commits = list[str](), list[str]()
    for key, line in source_lines.items():
        row = landed.get(key, _NEVER_LANDED)
        if row is None:
            wrong.append(UNSOUGHT)
        elif row.line != line:
            wrong.append(LAKE)
        else:
            wrong.append(WAREHOUSE)
            if row.commit:
                commits.append(f"commit {row.commit} of {days[row.commit]}")
    return replace(fault, wrong=tuple(dict.fromkeys(wrong)), landed=tuple(dict.fromkeys(commits)))


def _examples(table: StarTable, theirs: _Lines, ours: _Lines) -> Iterator[str]:
    """Describe the columns that differ, for the keys that are on both sides."""
    for key in sorted({*theirs} & {*ours}):
        left, right = theirs[key], ours[key]
        if left is None or right is None:
            yield f"{key} cannot be read in the source, and has no quarantine entry"
            continue
        values = zip(table.columns, left.split(b"\t"), right.split(b"\t"), strict=True)
        differing = [
            f"{column.name} {_shown(there)} in the source, {_shown(here)} in the warehouse"
            for column, there, here in values
            if there != here
        ]
        yield f"{key}: {'; '.join(differing) or 'is in the warehouse twice'}"


def _shown(value: bytes) -> str:
    text = value.decode()
    return printable(text if len(text) <= _MAX_LENGTH else f"{text[:_MAX_LENGTH]}...")
