"""Rows that cannot be taken, and those of other tables that refer to them."""

import pytest

from hedgehog_pipeline_tests.bad_rows import OPEN, ORDERS, STAMP, STAR_OF, alter, copy_row, is_held
from hedgehog_pipeline_tests.world import World


@pytest.fixture
def clean(world: World) -> World:
    """A small shop in the warehouse."""
    world.load_small()
    world.run()
    return world


def test_staff_keep_the_last_department_that_could_be_taken(clean: World):
    department = "select department_name from dim_staff"
    clean.shop.execute("update department set department_name = 'X', last_updated = 'infinity'")
    clean.run()
    assert clean.query(department) == [("Sales",)]
    assert [(table, key) for table, key, *_ in clean.query(OPEN)] == [("department", "1")]
    clean.shop.execute(f"update staff set last_name = 'Bishop', {STAMP}".encode())
    clean.run()
    assert clean.query("select last_name, department_name from dim_staff") == [("Bishop", "Sales")]
    assert len(clean.query(OPEN)) == 1
    clean.shop.execute(f"update department set department_name = 'Trade', {STAMP}".encode())
    clean.run()
    assert clean.query(department) == [("Trade",)]
    assert clean.query(OPEN) == []


def test_counterparties_and_places_keep_the_last_address_that_could_be_taken(clean: World):
    alter(clean, "address", "phone", "drop not null")
    cities = (
        "select city, counterparty_legal_city from dim_location, dim_counterparty "
        "where location_id = 1"
    )
    clean.shop.execute("update address set city = 'X', phone = null")
    clean.run()
    assert clean.query(cities) == [("Leeds", "Leeds")]
    assert clean.query(OPEN) == [("address", "1", "phone", None, "is absent")]
    clean.shop.execute("update address set city = 'York', phone = '1'")
    clean.run()
    assert clean.query(cities) == [("York", "York")]
    assert clean.query(OPEN) == []


def test_a_department_that_changes_does_not_mend_its_staff(clean: World):
    clean.shop.execute("update staff set last_name = 'X', last_updated = '-infinity'")
    clean.run()
    clean.shop.execute(f"update department set department_name = 'Trade', {STAMP}".encode())
    clean.run()
    members = "select last_name, department_name from dim_staff"
    assert clean.query(members) == [("Franey", "Trade")]
    assert [(table, key) for table, key, *_ in clean.query(OPEN)] == [("staff", "1")]
    clean.shop.execute(f"update staff set last_name = 'Bishop', {STAMP}".encode())
    clean.run()
    assert clean.query(members) == [("Bishop", "Trade")]
    assert clean.query(OPEN) == []


@pytest.mark.parametrize("table", ["staff", "design", "currency"])
def test_a_fact_whose_member_cannot_be_taken_has_one_that_stands_in(clean: World, table: str):
    member = copy_row(clean, table, created_at="infinity")
    order = copy_row(clean, ORDERS, **{f"{table}_id": member})
    clean.run()
    assert is_held(clean, ORDERS, order)
    star = STAR_OF[table]
    stand_in = f"select inferred, ingestion_commit > 0 from {star.name} where {star.key.name} = %s"
    assert clean.query(stand_in, [member]) == [(True, False)]
    clean.shop.execute(f"update {table} set created_at = 'today'".encode())
    clean.run()
    assert clean.query(stand_in, [member]) == [(False, True)]
    assert clean.query(OPEN) == []
