"""The transforms of the facts."""

from datetime import date, datetime, time, timezone
from decimal import Decimal

from hedgehog_pipeline.totesys import facts
from hedgehog_pipeline_tests.support.frames import frame, rows_of

_STAMPS = ("created_date", "created_time", "last_updated_date", "last_updated_time")
_CREATED = datetime(2025, 12, 31, 23, 59, 59, 999000, timezone.utc)
_UPDATED = datetime(2026, 1, 1, tzinfo=timezone.utc)
_TIMESTAMPS = {"created_at": _CREATED, "last_updated": _UPDATED}
_SPLIT = (date(2025, 12, 31), time(23, 59, 59, 999000), date(2026, 1, 1), time(0, 0))


def test_a_sales_order_has_its_days_and_its_seller() -> None:
    order = {
        "sales_order_id": 1,
        "staff_id": 4,
        "unit_price": Decimal("2.43"),
        "units_sold": 1500,
        "agreed_delivery_date": date(2026, 1, 9),
        "agreed_payment_date": date(2026, 1, 5),
    }
    fact = facts.fact_sales_order(frame("sales_order", order | _TIMESTAMPS))
    assert rows_of(fact, *_STAMPS) == [_SPLIT]
    columns = ("sales_staff_id", "agreed_delivery_date", "agreed_payment_date", "unit_price")
    wanted = (4, date(2026, 1, 9), date(2026, 1, 5), Decimal("2.43"))
    assert rows_of(fact, *columns) == [wanted]


def test_a_purchase_order_has_its_days() -> None:
    order = {
        "purchase_order_id": 1,
        "agreed_delivery_date": date(2026, 1, 9),
        "agreed_payment_date": date(2026, 1, 5),
    }
    fact = facts.fact_purchase_order(frame("purchase_order", order | _TIMESTAMPS))
    columns = ("agreed_delivery_date", "agreed_payment_date")
    assert rows_of(fact, *_STAMPS, *columns) == [(*_SPLIT, date(2026, 1, 9), date(2026, 1, 5))]


def test_a_payment_has_its_day() -> None:
    payment = {"payment_id": 1, "payment_date": date(2026, 1, 5), "paid": True}
    fact = facts.fact_payment(frame("payment", payment | _TIMESTAMPS))
    assert rows_of(fact, *_STAMPS, "payment_date", "paid") == [(*_SPLIT, date(2026, 1, 5), True)]


def test_no_orders_make_no_facts() -> None:
    assert rows_of(facts.fact_sales_order(frame("sales_order")), *_STAMPS) == []
