"""The summaries of the chapters in sentences, for readers who do not use the charts."""

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
    """Format an amount to the cent, with its currency."""
    return f"{amount:,.2f} {currency}"


def revenue_summary(rows: Sequence[Revenue]) -> Sequence[str]:
    """Return the revenue of the newest month and of all twelve, in each currency."""
    if not rows:
        return _NO_ORDERS
    newest = rows[-1].month
    of_month = [row for row in rows if row.month == newest]
    since = rows[0].month
    return (
        f"{newest:%B %Y}: {_revenues(of_month)}.",
        f"{since:%B %Y} to {newest:%B %Y}: {_revenues(rows)}.",
    )


def designs_summary(rows: Sequence[Design]) -> Sequence[str]:
    """Return the best and the second-best design."""
    if not rows:
        return _NO_ORDERS
    best, *others = rows
    second = f", before {others[0].design} with {others[0].totes:,}" if others else ""
    return (f"{best.design} sold best: {best.totes:,} totes in {_orders(best.orders)}{second}.",)


def staff_summary(rows: Sequence[Seller]) -> Sequence[str]:
    """Return the best seller in each currency."""
    return [
        f"{row.seller} sold most in {row.currency}: {money(row.revenue, row.currency)} in "
        f"{_orders(row.orders)}."
        for row in rows
        if row.place == 1
    ] or _NO_ORDERS


def outstanding_summary(rows: Sequence[Outstanding]) -> Sequence[str]:
    """Return the unpaid and the late amount in each currency and direction."""
    sentences: list[str] = []
    for (currency, direction), group in groupby(rows, lambda row: (row.currency, row.direction)):
        of_both = list(group)
        payments = sum(row.payments for row in of_both)
        total = sum((row.amount for row in of_both), Decimal(0))
        late = sum((row.amount for row in of_both if row.age), Decimal(0))
        sentences.append(
            f"{direction.capitalize()}: {money(total, currency)} in {_count(payments, 'payment')}, "
            f"{money(late, currency)} of it late."
        )
    return sentences or ("Every payment is paid.",)


def countries_summary(rows: Sequence[Country]) -> Sequence[str]:
    """Return the country with the most orders."""
    if not rows:
        return _NO_ORDERS
    orders = sum(row.orders for row in rows)
    first = rows[0]
    return (f"{first.orders:,} of {_orders(orders)} go to {first.country}.",)


def _revenues(rows: Iterable[Revenue]) -> str:
    currencies = sorted(rows, key=lambda row: row.currency)
    revenues: list[str] = []
    for currency, group in groupby(currencies, lambda row: row.currency):
        of_currency = list(group)
        revenue = sum((row.revenue for row in of_currency), Decimal(0))
        orders = sum(row.orders for row in of_currency)
        revenues.append(f"{money(revenue, currency)} in {_orders(orders)}")
    return "; ".join(revenues)


def _orders(count: int) -> str:
    return _count(count, "order")


def _count(count: int, noun: str) -> str:
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"
