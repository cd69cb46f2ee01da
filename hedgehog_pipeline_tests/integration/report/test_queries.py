"""The queries of the report return what pandas computes from the shop's own tables."""

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest

from hedgehog_pipeline.report.queries import (
    COUNTRIES,
    OTHER_COUNTRIES,
    PLACES,
    SELLERS,
    best_designs,
    orders_by_country,
    outstanding_payments,
    revenue_by_month,
    staff_league,
)
from hedgehog_pipeline_tests.support.shop_frames import latest_sales, unpaid
from hedgehog_pipeline_tests.support.world import World

TODAY = date(2026, 11, 23)


def _query(world: World, query: Callable[..., list[Any]], *values: object) -> list[Any]:
    with world.deployment.warehouse() as warehouse:
        return query(warehouse.connection, *values)


def test_revenue_by_month_and_currency(traded: World):
    groups = latest_sales(traded).groupby(["month", "currency_code"])
    expected = [
        (month.start_time.date(), currency, len(sales), sales["revenue"].sum())
        for (month, currency), sales in groups
    ]
    assert len(expected) == 36
    assert _query(traded, revenue_by_month) == expected


def test_the_best_designs_are_ranked_by_totes_sold(traded: World):
    designs = latest_sales(traded).groupby(["design_id", "design_name"])["units_sold"]
    expected = sorted(
        ((-totes.sum(), key, name, len(totes)) for (key, name), totes in designs),
    )[:PLACES]
    found = _query(traded, best_designs)
    assert [row[1:] for row in found] == [(n, count, -totes) for totes, _, n, count in expected]
    assert [row.place for row in found] == list(range(1, PLACES + 1))


def test_staff_is_ranked_separately_in_each_currency(traded: World):
    expected: list[tuple[Any, ...]] = []
    for currency, of_currency in latest_sales(traded).groupby("currency_code"):
        staff = of_currency.groupby(["staff_id", "first_name", "last_name", "department_name"])
        ranked = sorted((-sales["revenue"].sum(), *key, len(sales)) for key, sales in staff)
        expected += [
            (currency, place, f"{first} {last}", department, orders, -revenue)
            for place, (revenue, _, first, last, department, orders) in enumerate(
                ranked[:SELLERS], 1
            )
        ]
    assert len(expected) == 3 * SELLERS
    assert _query(traded, staff_league) == expected


@pytest.mark.parametrize("later", [0, 40, 100])
def test_outstanding_payments_by_age(traded: World, later: int):
    today = TODAY + timedelta(days=later)
    groups = unpaid(traded, today).groupby(["currency_code", "direction", "age"])
    expected = {key: (len(open_), open_["payment_amount"].sum()) for key, open_ in groups}
    found = _query(traded, outstanding_payments, today)
    assert {row[:3]: row[3:] for row in found} == expected
    assert len(found) == len(expected) > 3


def test_a_payment_is_late_the_day_after_it_was_due(opened: World):
    ages = {
        days: {row.direction: row.age for row in _query(opened, outstanding_payments, due)}
        for days in (0, 1, 30, 31, 91)
        if (due := date(2026, 6, 5) + timedelta(days=days))
    }
    assert [age["receivable"] for age in ages.values()] == [0, 1, 1, 2, 4]
    assert [age["payable"] for age in ages.values()] == [0, 0, 1, 1, 3]


def test_each_order_is_counted_in_one_country(traded: World):
    sales = latest_sales(traded)
    counted = sales.groupby("country").size()
    ranked = sorted((-count, country) for country, count in counted.items())
    found = _query(traded, orders_by_country)
    assert [(-row.orders, row.country) for row in found[:COUNTRIES]] == ranked[:COUNTRIES]
    assert found[COUNTRIES].country == OTHER_COUNTRIES
    assert sum(row.orders for row in found) == len(sales)
    assert sum(row.totes for row in found) == sales["units_sold"].sum()
