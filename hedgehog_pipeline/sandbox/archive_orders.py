"""A chunk of past orders, each with its transaction and its payment."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from hedgehog_pipeline.sandbox.archive_reference import (
    ADDRESSES,
    COUNTERPARTIES,
    CURRENCIES,
    STAFF,
)
from hedgehog_pipeline.sandbox.columns import (
    DAY,
    Integers,
    codes,
    dates,
    money,
    timestamps,
    where,
)

_SALES_SHARE = 0.7
_REFUND_SHARE = 0.01

# The bank confirms many payments at once, every day shortly after 07:55.
_PAID_AT = (7 * 60 + 55) * 60_000 + 11_500
_PAID_WITHIN = 400

# For each table of the shop: column of the table -> column of `facts` below.
_AGREED = {
    "created_at": "time",
    "last_updated": "time",
    "staff_id": "staff",
    "counterparty_id": "counterparty",
    "currency_id": "currency",
    "agreed_delivery_date": "delivery_date",
    "agreed_payment_date": "payment_date",
    "agreed_delivery_location_id": "location",
}
_SALES_ORDER = _AGREED | {
    "sales_order_id": "sale",
    "design_id": "design",
    "units_sold": "units",
    "unit_price": "price",
}
_PURCHASE_ORDER = _AGREED | {
    "purchase_order_id": "purchase",
    "item_code": "item",
    "item_quantity": "units",
    "item_unit_price": "price",
}
_TRANSACTION = {
    "transaction_id": "number",
    "transaction_type": "kind",
    "sales_order_id": "sale",
    "purchase_order_id": "purchase",
    "created_at": "time",
    "last_updated": "time",
}
_PAYMENT = {
    "payment_id": "number",
    "created_at": "time",
    "last_updated": "settled",
    "transaction_id": "number",
    "counterparty_id": "counterparty",
    "payment_amount": "amount",
    "currency_id": "currency",
    "payment_type_id": "payment_type",
    "paid": "paid",
    "payment_date": "payment_date",
    "company_ac_number": "company_account",
    "counterparty_ac_number": "counterparty_account",
}


@dataclass(frozen=True)
class Numbers:
    """How many orders and sales the earlier chunks have; ids continue from there."""

    orders: int = 0
    sales: int = 0


def order_tables(
    rng: np.random.Generator, times: Integers, before: Numbers, designs: Integers, until: int
) -> tuple[Numbers, dict[str, pa.Table]]:
    """Return the orders of the given times (ascending), as rows of the shop's four tables.

    Args:
        rng: draws the values.
        times: of the orders.
        before: the counts of the earlier chunks.
        designs: when each design was created.
        until: the end of the past; a payment that is due before is paid.

    Returns:
        The counts including this chunk, and the rows by table.
    """
    size = len(times)

    def between(least: int, most: int) -> Integers:
        return rng.integers(least, most, size, endpoint=True)

    is_sale = rng.random(size) < _SALES_SHARE
    number = before.orders + np.arange(1, size + 1)
    sale = before.sales + np.cumsum(is_sale)
    units = np.where(is_sale, between(1_001, 99_973), between(10, 998))
    pence = np.where(is_sale, between(200, 400), between(2_000, 98_341))
    today = times // DAY * DAY
    payment_day = today + between(1, 6) * DAY
    paid_at = payment_day + _PAID_AT + payment_day // DAY * 7_919 % _PAID_WITHIN
    paid = paid_at <= until
    made = np.searchsorted(designs, times, side="right")
    facts = pa.Table.from_pydict(
        {
            "number": number,
            "kind": np.where(is_sale, "SALE", "PURCHASE"),
            "sale": where(is_sale, sale),
            "purchase": where(~is_sale, number - sale),
            "time": timestamps(times),
            "design": 1 + (rng.random(size) * made).astype(np.int64),
            "staff": between(1, STAFF),
            "counterparty": between(1, COUNTERPARTIES),
            "currency": between(1, len(CURRENCIES)),
            "location": between(1, ADDRESSES),
            "item": codes(rng, size),
            "units": units,
            "price": money(pence),
            "amount": money(units * pence),
            "delivery_date": dates(today + between(0, 9) * DAY),
            "payment_date": dates(payment_day),
            "payment_type": np.where(is_sale, 1, 3) + (rng.random(size) < _REFUND_SHARE),
            "paid": paid,
            "settled": timestamps(np.where(paid, paid_at, times)),
            "company_account": between(10_000_000, 99_999_999),
            "counterparty_account": between(10_000_000, 99_999_999),
        }
    )
    sales = int(np.count_nonzero(is_sale))
    return Numbers(before.orders + size, before.sales + sales), {
        "sales_order": _pick(facts.filter(pa.array(is_sale)), _SALES_ORDER),
        "purchase_order": _pick(facts.filter(pa.array(~is_sale)), _PURCHASE_ORDER),
        "transaction": _pick(facts, _TRANSACTION),
        "payment": _pick(facts, _PAYMENT),
    }


def _pick(facts: pa.Table, columns: Mapping[str, str]) -> pa.Table:
    return pa.Table.from_pydict({name: facts[source] for name, source in columns.items()})
