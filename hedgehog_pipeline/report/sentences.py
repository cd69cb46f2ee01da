"""The answers in sentences, for who reads no chart."""

from collections.abc import Iterable, Sequence
from decimal import Decimal
from itertools import groupby

from hedgehog_pipeline.report.queries import (
    Country,
    Design,
    Outstanding,
    Revenue,
    Seller,
)

_NO_ORDERS = ("There are no sales orders.",)


def money(amount: Decimal, currency: str) -> str:
    """Write an amount with its currency, to the cent."""
    return f"{amount:,.2f} {currency}"


def tell_revenue(rows: Sequence[Revenue]) -> Sequence[str]:
    """Tell the newest month, and all twelve together, in each currency."""
    if not rows:
        return _NO_ORDERS
    newest = rows[-1].month
    of_month = [row for row in rows if row.month == newest]
    since = rows[0].month
    return (
        f"{newest:%B %Y}: {_revenues(of_month)}.",
        f"{since:%B %Y} to {newest:%B %Y}: {_revenues(rows)}.",
    )


def tell_designs(rows: Sequence[Design]) -> Sequence[str]:
    """Tell the first and the second."""
    if not rows:
        return _NO_ORDERS
    best, *others = rows
    second = f", before {others[0].design} with {others[0].totes:,}" if others else ""
    return (f"{best.design} sold best: {best.totes:,} totes in {_orders(best.orders)}{second}.",)


def tell_staff(rows: Sequence[Seller]) -> Sequence[str]:
    """Tell who leads in each currency."""
    return [
        f"{row.seller} sold most in {row.currency}: {money(row.revenue, row.currency)} in "
        f"{_orders(row.orders)}."
        for row in rows
        if row.place == 1
    ] or _NO_ORDERS


def tell_outstanding(rows: Sequence[Outstanding]) -> Sequence[str]:
    """Tell what is open in each currency and direction, and how much of it is late."""
    found: list[str] = []
    for (currency, direction), group in groupby(rows, lambda row: (row.currency, row.direction)):
        of_both = list(group)
        payments = sum(row.payments for row in of_both)
        total = sum((row.amount for row in of_both), Decimal(0))
        late = sum((row.amount for row in of_both if row.age), Decimal(0))
        found.append(
            f"{direction.capitalize()}: {money(total, currency)} in {_count(payments, 'payment')}, "
            f"{money(late, currency)} of it late."
        )
    return found or ("Every payment is paid.",)


def tell_countries(rows: Sequence[Country]) -> Sequence[str]:
    """Tell how many go where most go."""
    if not rows:
        return _NO_ORDERS
    orders = sum(row.orders for row in rows)
    first = rows[0]
    return (f"{first.orders:,} of {_orders(orders)} go to {first.country}.",)


def _revenues(rows: Iterable[Revenue]) -> str:
    currencies = sorted(rows, key=lambda row: row.currency)
    told: list[str] = []
    for currency, group in groupby(currencies, lambda row: row.currency):
        of_currency = list(group)
        revenue = sum((row.revenue for row in of_currency), Decimal(0))
        orders = sum(row.orders for row in of_currency)
        told.append(f"{money(revenue, currency)} in {_orders(orders)}")
    return "; ".join(told)


def _orders(count: int) -> str:
    return _count(count, "order")


def _count(count: int, what: str) -> str:
    return f"{count:,} {what}" if count == 1 else f"{count:,} {what}s"
