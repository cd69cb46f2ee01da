"""Invalid rows, and rows of other tables that refer to them."""

import pytest

from hedgehog_pipeline_tests.support.bad_rows import (
    OPEN,
    ORDERS,
    STAMP,
    STAR_OF,
    alter,
    copy_row,
    is_loaded,
)
from hedgehog_pipeline_tests.support.world import World


def test_staff_keep_the_last_department_that_was_valid(opened: World):
    department = "select department_name from dim_staff"
    opened.shop.execute("update department set department_name = 'X', last_updated = 'infinity'")
    opened.run()
    assert opened.query(department) == [("Sales",)]
    assert [(table, key) for table, key, *_ in opened.query(OPEN)] == [("department", "1")]
    opened.shop.execute(f"update staff set last_name = 'Bishop', {STAMP}".encode())
    opened.run()
    assert opened.query("select last_name, department_name from dim_staff") == [("Bishop", "Sales")]
    assert len(opened.query(OPEN)) == 1
    opened.shop.execute(f"update department set department_name = 'Trade', {STAMP}".encode())
    opened.run()
    assert opened.query(department) == [("Trade",)]
    assert opened.query(OPEN) == []


def test_counterparties_and_locations_keep_the_last_address_that_was_valid(opened: World):
    alter(opened, "address", "phone", "drop not null")
    cities = (
        "select city, counterparty_legal_city from dim_location, dim_counterparty "
        "where location_id = 1"
    )
    opened.shop.execute("update address set city = 'X', phone = null")
    opened.run()
    assert opened.query(cities) == [("Leeds", "Leeds")]
    assert opened.query(OPEN) == [("address", "1", "phone", None, "is absent")]
    opened.shop.execute("update address set city = 'York', phone = '1'")
    opened.run()
    assert opened.query(cities) == [("York", "York")]
    assert opened.query(OPEN) == []


def test_a_change_of_a_department_does_not_make_its_staff_valid(opened: World):
    opened.shop.execute("update staff set last_name = 'X', last_updated = '-infinity'")
    opened.run()
    opened.shop.execute(f"update department set department_name = 'Trade', {STAMP}".encode())
    opened.run()
    members = "select last_name, department_name from dim_staff"
    assert opened.query(members) == [("Franey", "Trade")]
    assert [(table, key) for table, key, *_ in opened.query(OPEN)] == [("staff", "1")]
    opened.shop.execute(f"update staff set last_name = 'Bishop', {STAMP}".encode())
    opened.run()
    assert opened.query(members) == [("Bishop", "Trade")]
    assert opened.query(OPEN) == []


@pytest.mark.parametrize("table", ["staff", "design", "currency"])
def test_a_fact_whose_member_is_invalid_has_an_inferred_member(opened: World, table: str):
    member = copy_row(opened, table, created_at="infinity")
    order = copy_row(opened, ORDERS, **{f"{table}_id": member})
    opened.run()
    assert is_loaded(opened, ORDERS, order)
    star = STAR_OF[table]
    inferred = f"select inferred, ingestion_commit > 0 from {star.name} where {star.key.name} = %s"
    assert opened.query(inferred, [member]) == [(True, False)]
    opened.shop.execute(f"update {table} set created_at = 'today'".encode())
    opened.run()
    assert opened.query(inferred, [member]) == [(False, True)]
    assert opened.query(OPEN) == []
