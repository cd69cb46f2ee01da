"""The effect of a change in the source on the warehouse."""

from datetime import time
from decimal import Decimal

from hedgehog_pipeline_tests.support.shops import NOW
from hedgehog_pipeline_tests.support.world import World

_STAMP = "last_updated = '2026-06-02 10:00:00.456'"


def test_a_changed_order_has_two_records_and_one_current(opened: World) -> None:
    opened.shop.execute(f"update sales_order set units_sold = 1700, {_STAMP}".encode())
    opened.run()
    versions = "select units_sold, last_updated_time from {} order by last_updated_date"
    first, second = (1500, time(9, 30, 0, 123000)), (1700, time(10, 0, 0, 456000))
    assert opened.query(versions.format("fact_sales_order")) == [first, second]
    assert opened.query(versions.format("fact_sales_order_current")) == [second]


def test_the_version_captured_last_is_current_although_its_stamp_went_back(opened: World) -> None:
    opened.shop.execute(
        "update purchase_order set item_unit_price = 9.05, last_updated = '2026-05-01'"
    )
    opened.run()
    prices = "select item_unit_price from {} order by 1"
    assert opened.query(prices.format("fact_purchase_order")) == [
        (Decimal("9.05"),),
        (Decimal("361.39"),),
    ]
    assert opened.query(prices.format("fact_purchase_order_current")) == [(Decimal("9.05"),)]


def test_a_changed_department_changes_its_staff_and_adds_no_fact(opened: World) -> None:
    before = opened.warehouse_rows()
    opened.shop.execute(
        f"update department set department_name = 'Trade', location = null, {_STAMP}".encode()
    )
    opened.run()
    after = opened.warehouse_rows()
    assert _changed(before, after) == {"dim_staff"}
    email = "jeremie.franey@terrifictotes.com"
    assert after["dim_staff"] == [(1, "Jeremie", "Franey", "Trade", "Not known", email)]


def test_a_changed_address_changes_its_counterparties_and_its_location(opened: World) -> None:
    before = opened.warehouse_rows()
    opened.shop.execute(f"update address set city = 'York', {_STAMP}".encode())
    opened.run()
    assert _changed(before, opened.warehouse_rows()) == {"dim_counterparty", "dim_location"}
    assert opened.query("select counterparty_legal_city from dim_counterparty") == [("York",)]
    assert opened.query("select city from dim_location") == [("York",)]


def test_a_replayed_day_changes_nothing_but_the_processed_commit(opened: World) -> None:
    opened.shop.execute(f"update sales_order set units_sold = 1700, {_STAMP}".encode())
    opened.shop.execute(f"update department set location = 'Leeds', {_STAMP}".encode())
    opened.run()
    rows = opened.warehouse_rows()
    captures = "select ingestion_commit from fact_sales_order order by 1"
    seen = opened.query(captures)
    *_, last = opened.commits(opened.settings.processed_bucket)

    opened.launch("processing")
    opened.launch("storage")

    *_, replay = opened.commits(opened.settings.processed_bucket)
    assert (replay["number"], replay["kind"]) == (last["number"] + 1, "restatement")
    assert (replay["through"], replay["gaps"]) == (last["through"], last["gaps"])
    assert opened.warehouse_rows() == rows
    assert opened.query(captures) == seen
    commits = "select distinct processed_commit from fact_sales_order"
    assert opened.query(commits) == [(replay["number"],)]
    assert opened.run() == []


def test_a_fact_without_its_dimension_gets_a_member_until_the_true_row_comes(opened: World) -> None:
    shop = opened.shop
    shop.execute("alter table sales_order drop constraint sales_order_staff_id_fkey")
    shop.execute(f"update sales_order set staff_id = 7, {_STAMP}".encode())
    opened.run()
    member = "select first_name, inferred, ingestion_commit from dim_staff where staff_id = 7"
    assert opened.query("select sales_staff_id from fact_sales_order_current") == [(7,)]
    assert opened.query(member) == [("Not known", True, 0)]

    shop.execute(f"insert into staff select 7, 'Ada', 'Byron', 1, 'ada@x', {NOW}".encode())
    opened.run()
    landed = opened.commits(opened.settings.ingestion_bucket)[-1]["number"]
    assert opened.query(member) == [("Ada", False, landed)]
    assert len(opened.query("select from fact_sales_order")) == 2


def test_a_fact_of_the_initial_load_without_its_dimension_is_loaded(world: World) -> None:
    world.load_small()
    world.shop.execute("alter table sales_order drop constraint sales_order_design_id_fkey")
    world.shop.execute("delete from design")
    world.run()
    assert world.query("select design_name, inferred from dim_design") == [("Not known", True)]
    assert world.query("select design_id from fact_sales_order") == [(1,)]


def test_a_member_of_staff_without_a_department_is_loaded(opened: World) -> None:
    shop = opened.shop
    shop.execute("alter table staff drop constraint staff_department_id_fkey")
    shop.execute(f"insert into staff select 2, 'Ada', 'Byron', 9, 'ada@x', {NOW}".encode())
    opened.run()
    member = "select department_name, location, inferred from dim_staff where staff_id = 2"
    assert opened.query(member) == [("Not known", "Not known", False)]

    shop.execute(f"insert into department select 9, 'Press', 'Hull', null, {NOW}".encode())
    opened.run()
    assert opened.query(member) == [("Press", "Hull", False)]


def _changed(before: dict[str, list], after: dict[str, list]) -> set[str]:
    return {table for table in before if before[table] != after[table]}
