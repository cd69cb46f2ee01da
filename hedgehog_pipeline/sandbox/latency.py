"""`hedgehog latency`: seconds from a commit in the shop to its row in the warehouse."""

import itertools
import statistics
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

import psycopg
from psycopg import sql

from hedgehog_pipeline.errors import HedgehogError
from hedgehog_pipeline.sandbox.databases import WAREHOUSE
from hedgehog_pipeline.sandbox.sandbox import Sandbox
from hedgehog_pipeline.sandbox.waiting import await_condition

_PATIENCE_SECONDS = 180.0
_STAMP = sql.SQL("last_updated = current_timestamp at time zone 'utc'")


@dataclass(frozen=True)
class Change:
    """A change of one kind, told by a value that no other has, in a column that trade leaves alone.

    Attributes:
        table: of the shop.
        column: that is given the value.
        star: the warehouse's table and the column where it arrives.
        value: makes the value of a change by its number.
    """

    table: str
    column: str
    star: tuple[str, str]
    value: Callable[[int], object]


def _name(number: int) -> str:
    return f"Change {number} of {time.time():.3f}"


def _price(number: int) -> Decimal:
    return Decimal(1_000_000 + number).scaleb(-2)


_KINDS = (
    Change("sales_order", "unit_price", ("fact_sales_order", "unit_price"), _price),
    Change("department", "department_name", ("dim_staff", "department_name"), _name),
    Change("purchase_order", "item_code", ("fact_purchase_order", "item_code"), _name),
    Change(
        "counterparty",
        "counterparty_legal_name",
        ("dim_counterparty", "counterparty_legal_name"),
        _name,
    ),
    Change("design", "design_name", ("dim_design", "design_name"), _name),
)


def measure(place: Sandbox, changes: int) -> Iterator[tuple[str, float]]:
    """Change the shop so many times, one after another; give each kind and its seconds.

    Raises:
        HedgehogError: where a change does not arrive: nothing runs the sensors.
    """
    with (
        psycopg.connect(place.shop_dsn(), autocommit=True) as shop,
        psycopg.connect(place.postgres.dsn(WAREHOUSE), autocommit=True) as warehouse,
    ):
        start = int(time.time()) % 100_000 * 1_000
        for number, change in zip(range(changes), itertools.cycle(_KINDS)):
            yield (
                f"{change.table}.{change.column}",
                _seconds(shop, warehouse, change, start + number),
            )


def summary(halves: Mapping[str, Sequence[float]]) -> str:
    """Write the median and the 95th percentile of each half and of all, a line each.

    Args:
        halves: the seconds of each half, two at least, by its name.
    """
    rows = {**halves, "all": [*itertools.chain(*halves.values())]}
    lines = [f"{'':<20}{'median':>8}{'95th percentile':>18}"]
    for name, seconds in rows.items():
        late = statistics.quantiles(seconds, n=20, method="inclusive")[-1]
        lines.append(f"{name:<20}{statistics.median(seconds):>6.1f} s{late:>16.1f} s")
    return "\n".join(lines)


def _seconds(
    shop: psycopg.Connection, warehouse: psycopg.Connection, change: Change, number: int
) -> float:
    value = change.value(number)
    key, table = sql.Identifier(f"{change.table}_id"), sql.Identifier(change.table)
    update = sql.SQL(
        "update {table} set {column} = %s, {stamp} where {key} = (select min({key}) from {table})"
    ).format(table=table, column=sql.Identifier(change.column), stamp=_STAMP, key=key)
    arrived = sql.SQL("select exists (select from {} where {} = %s)").format(
        *map(sql.Identifier, change.star)
    )
    shop.execute(update, [value])
    began = time.monotonic()

    def has_arrived() -> bool:
        try:
            row = warehouse.execute(arrived, [value]).fetchone()
        except psycopg.errors.UndefinedTable:  # the first load makes the tables
            return False
        return row is not None and row[0]

    if not await_condition(has_arrived, _PATIENCE_SECONDS):
        raise HedgehogError(
            f"A change of {change.table} did not arrive within {_PATIENCE_SECONDS:.0f} seconds; "
            "start the sensors with `hedgehog dev` (or `make dev`) and try again."
        )
    return time.monotonic() - began
