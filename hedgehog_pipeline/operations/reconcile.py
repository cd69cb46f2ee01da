"""Shop and warehouse held against each other: what differs, what explains it, what is a fault."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from itertools import chain, islice

from hedgehog_pipeline.errors import HedgehogError
from hedgehog_pipeline.extraction.key_ranges import KeyRanges, difference, intersection, union
from hedgehog_pipeline.extraction.source import Moment
from hedgehog_pipeline.lake.lake import Lake
from hedgehog_pipeline.operations.checksums import compare
from hedgehog_pipeline.operations.in_flight import Standing
from hedgehog_pipeline.operations.reconciled import (
    LAKE,
    MOST_EXAMPLES,
    UNREAD,
    WAREHOUSE,
    Difference,
    Reconciled,
)
from hedgehog_pipeline.operations.sides import LakeSide, ShopSide, WarehouseSide
from hedgehog_pipeline.printable import printable
from hedgehog_pipeline.schema.shop import SHOP, ShopTable
from hedgehog_pipeline.schema.star import StarTable
from hedgehog_pipeline.storage.foreign_keys import holds_archive
from hedgehog_pipeline.storage.pending import confirm_loaded
from hedgehog_pipeline.storage.warehouse import Warehouse

OpenShop = Callable[[Sequence[ShopTable]], AbstractContextManager[Moment]]
"""Opens tables of the shop in one snapshot."""

_LONGEST = 60


def reconcile(
    lake: Lake, warehouse: Warehouse, open_shop: OpenShop, tables: Sequence[StarTable]
) -> Iterator[Reconciled]:
    """Compare tables in one snapshot of the warehouse and one of the shop.

    Args:
        lake: the two logs.
        warehouse: the warehouse, prepared or not.
        open_shop: opens the shop, when the warehouse's snapshot stands and the log is read.
        tables: of `RECONCILED` (operations/reconciled.py).

    Raises:
        HedgehogError: where one of them cannot be read, or the logs are not those that the
            warehouse was loaded from.
    """
    with warehouse.snapshot():
        if not confirm_loaded(lake, warehouse) or not holds_archive(warehouse.connection):
            yield from (Reconciled(table.name, None) for table in tables)
            return
        lake.confirm_source()
        loaded = lake.ingestion.read(warehouse.loaded_through())
        head = lake.ingestion.read(lake.ingestion.end())
        inputs = {name for table in tables for name in table.inputs}
        with open_shop([table for name, table in SHOP.items() if name in inputs]) as moment:
            standing = Standing(warehouse, lake, loaded, head, moment)
            for table in tables:
                yield _reconciled(standing, table)


def _reconciled(standing: Standing, table: StarTable) -> Reconciled:
    if not standing.is_followed(table):
        return Reconciled(table.name, None)
    shop = ShopSide(standing.moment, table)
    warehouse = WarehouseSide(standing.warehouse.connection, table)
    found = compare(shop.lines(), warehouse.lines())
    left: dict[str, KeyRanges] = {
        "missing in the warehouse": found.missing,
        "surplus in the warehouse": found.surplus,
        "different": found.different,
    }
    explained = list(_explained(standing, table, left))
    lake = LakeSide(standing.lake, table, standing.loaded.number)
    faults = [
        _fault(what, keys, table, (shop, warehouse, lake)) for what, keys in left.items() if keys
    ]
    return Reconciled(table.name, found, (*faults, *explained))


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


_Lines = Mapping[int, bytes | None]


def _fault(
    what: str,
    keys: KeyRanges,
    table: StarTable,
    sides: tuple[ShopSide, WarehouseSide, LakeSide],
) -> Difference:
    """Tell of the first keys which side is wrong, and in which columns two of them differ."""
    shop, warehouse, lake = sides
    each = chain.from_iterable(range(first, last + 1) for first, last in keys)
    some = [(key, key) for key in islice(each, MOST_EXAMPLES)]
    theirs, ours = dict(shop.lines(some)), dict(warehouse.lines(some))
    try:
        captured = dict(lake.lines(some))
    except HedgehogError:
        wrong = [UNREAD]
    else:
        wrong = [WAREHOUSE if captured.get(key) == theirs.get(key) else LAKE for key, _ in some]
    examples = tuple(_examples(table, theirs, ours))
    return Difference(what, None, keys, examples, tuple(dict.fromkeys(wrong)))


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
    return printable(text if len(text) <= _LONGEST else f"{text[:_LONGEST]}...")
