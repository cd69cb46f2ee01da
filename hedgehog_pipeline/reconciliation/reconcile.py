"""Shop and warehouse held against each other: what differs, what explains it, what is a fault."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from time import monotonic

from hedgehog_pipeline.errors import HedgehogError
from hedgehog_pipeline.extraction.source import SourceSnapshot
from hedgehog_pipeline.lake.lake import Lake
from hedgehog_pipeline.model.source import SOURCE, SourceTable
from hedgehog_pipeline.model.star import StarTable
from hedgehog_pipeline.postgres.key_ranges import (
    KeyRanges,
    difference,
    first_of,
    intersection,
    union,
)
from hedgehog_pipeline.printable import printable
from hedgehog_pipeline.reconciliation.checksums import compare
from hedgehog_pipeline.reconciliation.in_flight import Standing
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
from hedgehog_pipeline.storage.foreign_keys import holds_archive
from hedgehog_pipeline.storage.warehouse import Warehouse

OpenSource = Callable[[Sequence[SourceTable]], AbstractContextManager[SourceSnapshot]]
"""Opens tables of the shop in one snapshot."""

_MAX_LENGTH = 60

_SECONDS = 60.0
"""How long the lake is searched for the first keys of faults, all tables together."""

_NEVER = LakeRow(None, 0)
"""What the lake has of a key that never landed."""


def reconcile(
    lake: Lake, warehouse: Warehouse, open_shop: OpenSource, tables: Sequence[StarTable]
) -> Iterator[Reconciled]:
    """Compare tables in one snapshot of the warehouse and one of the shop.

    Tables with faults come last: the lake tells which side is wrong, and is read when both
    snapshots are closed.

    Args:
        lake: the two logs.
        warehouse: the warehouse, prepared or not.
        open_shop: opens the shop, when the warehouse's snapshot stands and the log is read.
        tables: of `RECONCILED` (operations/reconciled.py).

    Raises:
        HedgehogError: where one of them cannot be read, or the logs are not those that the
            warehouse was loaded from.
    """
    faulty: list[_Faulty] = []
    with warehouse.snapshot():
        if not confirm_loaded(lake, warehouse) or not holds_archive(warehouse.connection):
            yield from (Reconciled(table.name, None) for table in tables)
            return
        lake.confirm_source()
        loaded = lake.ingestion.read(warehouse.loaded_through())
        head = lake.ingestion.read(lake.ingestion.end())
        inputs = {name for table in tables for name in table.inputs}
        with open_shop([table for name, table in SOURCE.items() if name in inputs]) as moment:
            standing = Standing(warehouse, lake, loaded, head, moment)
            for table in tables:
                found = _compared(standing, table)
                if isinstance(found, Reconciled):
                    yield found
                else:
                    faulty.append(found)
    until = monotonic() + _SECONDS
    for found in faulty:
        yield _judged(found, lake, loaded.number, until)


_Lines = Mapping[int, bytes | None]


@dataclass(frozen=True)
class _Faulty:
    """A table with differences that nothing explains, before the lake was asked who is wrong.

    Attributes:
        table: of the star.
        found: what was found of it.
        theirs: by how they differ, what the shop has of the first keys.
    """

    table: StarTable
    found: Reconciled
    theirs: Mapping[str, _Lines]


def _compared(standing: Standing, table: StarTable) -> "Reconciled | _Faulty":
    if not standing.is_followed(table):
        return Reconciled(table.name, None)
    shop = SourceSide(standing.moment, table)
    warehouse = WarehouseSide(standing.warehouse.connection, table)
    found = compare(shop.lines(), warehouse.lines())
    left: dict[str, KeyRanges] = {
        "missing in the warehouse": found.missing,
        "surplus in the warehouse": found.surplus,
        "different": found.different,
    }
    explained = list(_explained(standing, table, left))
    faults: list[Difference] = []
    firsts: dict[str, _Lines] = {}
    for what, keys in left.items():
        if keys:
            some = first_of(keys, MAX_EXAMPLES)
            theirs, ours = dict(shop.lines(some)), dict(warehouse.lines(some))
            faults.append(Difference(what, None, keys, tuple(_examples(table, theirs, ours))))
            firsts[what] = {
                key: theirs.get(key) for first, last in some for key in range(first, last + 1)
            }
    reconciled = Reconciled(table.name, found, (*faults, *explained))
    return _Faulty(table, reconciled, firsts) if faults else reconciled


def _explained(
    standing: Standing, table: StarTable, left: dict[str, KeyRanges]
) -> Iterator[Difference]:
    """Take away what is explained, and give it."""
    reasons = standing.reasons(table, union(*left.values()))
    while any(left.values()) and (reason := next(reasons, None)):
        why, held = reason
        for what, keys in left.items():
            if explained := intersection(keys, held):
                yield Difference(what, why, explained)
                left[what] = difference(keys, explained)


def _judged(faulty: _Faulty, lake: Lake, loaded: int, until: float) -> Reconciled:
    """Tell which side is wrong, by what the lake has of the first keys."""
    keys = {key for lines in faulty.theirs.values() for key in lines}
    try:
        captured = LakeSide(lake, faulty.table, loaded).rows(keys, until)
        numbers = {row.commit for row in captured.values() if row}
        days = {number: lake.ingestion.read(number).date for number in numbers}
    except HedgehogError as error:
        told = printable(str(error))
        return _with_faults(
            faulty, lambda fault: replace(fault, examples=(*fault.examples, told), wrong=(UNREAD,))
        )

    def judged(fault: Difference) -> Difference:
        wrong, landed = list[str](), list[str]()
        for key, line in faulty.theirs[fault.what].items():
            row = captured.get(key, _NEVER)
            if row is None:
                wrong.append(UNSOUGHT)
            elif row.line != line:
                wrong.append(LAKE)
            else:
                wrong.append(WAREHOUSE)
                if row.commit:
                    landed.append(f"commit {row.commit} of {days[row.commit]}")
        return replace(
            fault, wrong=tuple(dict.fromkeys(wrong)), landed=tuple(dict.fromkeys(landed))
        )

    return _with_faults(faulty, judged)


def _with_faults(faulty: _Faulty, judged: Callable[[Difference], Difference]) -> Reconciled:
    found = faulty.found
    differences = (d if d.why else judged(d) for d in found.differences)
    return replace(found, differences=tuple(differences))


def _examples(table: StarTable, theirs: _Lines, ours: _Lines) -> Iterator[str]:
    """Tell of the keys that both sides hold in which columns they differ."""
    for key in sorted({*theirs} & {*ours}):
        left, right = theirs[key], ours[key]
        if left is None or right is None:
            yield f"{key} cannot be read in the shop, and no quarantine holds it"
            continue
        values = zip(table.columns, left.split(b"\t"), right.split(b"\t"), strict=True)
        differing = [
            f"{column.name} {_shown(there)} in the shop, {_shown(here)} in the warehouse"
            for column, there, here in values
            if there != here
        ]
        yield f"{key}: {'; '.join(differing) or 'stands twice in the warehouse'}"


def _shown(value: bytes) -> str:
    text = value.decode()
    return printable(text if len(text) <= _MAX_LENGTH else f"{text[:_MAX_LENGTH]}...")
