"""`hedgehog latency`: the seconds from a commit in the demo shop to its row in the warehouse."""

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

_TIMEOUT_SECONDS = 180.0
_STAMP = sql.SQL("last_updated = current_timestamp at time zone 'utc'")


@dataclass(frozen=True)
class Change:
    """A kind of change: it writes a unique value into a column that live trade never writes.

    Attributes:
        table: the table of the shop.
        column: the column that is updated.
        star: the warehouse table and the column in which the value arrives.
        value: returns the unique value of a change by its number.
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


def measure(sandbox: Sandbox, changes: int) -> Iterator[tuple[str, float]]:
    """Make changes in the shop, one after another; yield the kind and the seconds of each.

    Raises:
        HedgehogError: if a change does not arrive in time.
    """
    with (
        psycopg.connect(sandbox.shop_dsn(), autocommit=True) as shop,
        psycopg.connect(sandbox.postgres.dsn(WAREHOUSE), autocommit=True) as warehouse,
    ):
        start = int(time.time()) % 100_000 * 1_000
        for number, change in zip(range(changes), itertools.cycle(_KINDS)):
            yield (
                f"{change.table}.{change.column}",
                _seconds(shop, warehouse, change, start + number),
            )


def summary(halves: Mapping[str, Sequence[float]]) -> str:
    """Return a line for each half and for all changes: median and 95th percentile.

    Args:
        halves: the seconds of each half by its name, at least two values each.
    """
    rows = {**halves, "all": [*itertools.chain(*halves.values())]}
    lines = [f"{'':<24}{'median':>8}{'95th percentile':>18}"]
    for name, seconds in rows.items():
        percentile = statistics.quantiles(seconds, n=20, method="inclusive")[-1]
        lines.append(f"{name:<24}{statistics.median(seconds):>6.1f} s{percentile:>16.1f} s")
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
    committed = time.monotonic()

    def has_arrived() -> bool:
        try:
            row = warehouse.execute(arrived, [value]).fetchone()
        except psycopg.errors.UndefinedTable:  # the first load creates the tables
            return False
        return row is not None and row[0]

    if not await_condition(has_arrived, _TIMEOUT_SECONDS):
        raise HedgehogError(
            f"A change of {change.table} did not arrive within {_TIMEOUT_SECONDS:.0f} seconds. "
            "Check that the sensors run: start `hedgehog dev` (or `make dev`) and try again."
        )
    return time.monotonic() - committed
