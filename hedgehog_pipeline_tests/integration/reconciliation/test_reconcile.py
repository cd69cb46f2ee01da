"""Source and warehouse are equal, or the keys that differ unexplained are reported."""

from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from hedgehog_pipeline.lake import csv_reader
from hedgehog_pipeline_tests.support.demo_model import RECONCILED
from hedgehog_pipeline_tests.support.dirty import DIRTY
from hedgehog_pipeline_tests.support.reconciling import (
    DIFFERENT,
    MISSING,
    SURPLUS,
    append,
    by_hand,
    differences,
    reconciled,
    seed,
)
from hedgehog_pipeline_tests.support.world import World

_LOST_AND_ADDED = """
    alter table dim_staff drop constraint dim_staff_pkey cascade;
    insert into dim_staff select * from dim_staff where staff_id = 2;
    update dim_staff set deleted = true where staff_id = 3;
    update dim_staff set inferred = true where staff_id = 4;
    insert into dim_currency values
        (9, 'XXX', 'None', 1, false, 1, false), (10, 'XXX', 'None', 999, false, 999, false);
    insert into hedgehog.tombstones values ('fact_sales_order', 5, 2);
    delete from fact_payment where payment_id = 7 or payment_id > 40;
    insert into fact_payment
    select 5000, 500, created_date, created_time, last_updated_date, last_updated_time,
        transaction_id, counterparty_id, payment_amount, currency_id, payment_type_id, paid,
        payment_date, ingestion_commit, processed_commit
    from fact_payment where payment_id = 1
"""

_CHANGED = """
    update dim_staff set email_address = repeat('x', 100) where staff_id = 90;
    update dim_location set district = '', phone = '0114' where location_id = 90;
    update dim_counterparty set counterparty_legal_city = 'Ur' where counterparty_id = 90;
    alter table fact_sales_order drop constraint fact_sales_order_agreed_payment_date_fkey;
    update fact_sales_order set agreed_payment_date = 'infinity' where sales_order_id = 90;
    alter table fact_payment alter paid drop not null;
    update fact_payment set payment_amount = 300.251, paid = null where payment_id = 90
"""

_EXAMPLES = {
    "dim_staff": f"email_address ada@example.com in the source, {'x' * 60}... in the warehouse",
    "dim_location": r"district \N in the source,  in the warehouse; "
    "phone 0113 in the source, 0114 in the warehouse",
    "dim_counterparty": "counterparty_legal_city Leeds in the source, Ur in the warehouse",
    "fact_sales_order": "agreed_payment_date 2026-06-05 in the source, infinity in the warehouse",
    "fact_payment": "payment_amount 300.25 in the source, 300.251 in the warehouse; "
    r"paid f in the source, \N in the warehouse",
}


@pytest.fixture
def loaded(world: World) -> World:
    """A warehouse that is equal to its source."""
    return seed(world)


def test_source_and_warehouse_are_equal_after_a_run(loaded: World):
    tables = reconciled(loaded)
    assert [table.table for table in tables] == list(RECONCILED)
    assert {table.verdict for table in tables} == {"ok"}
    for table in tables:
        assert table.comparison is not None
        assert table.comparison.source == table.comparison.warehouse
        assert table.comparison.source.rows > 0
        assert table.comparison.source.checksum > 0


def test_any_text_is_equal(world: World):
    insert = "insert into address values (%s, %s, %s, null, %s, %s, %s, %s, now(), now())"
    for number, text in enumerate(DIRTY, start=1):
        world.shop.execute(insert, [number, *[text] * 6])
    world.run()
    assert differences(world) == {}


def test_a_source_without_rows_is_equal(world: World):
    world.run()
    assert {table.verdict for table in reconciled(world)} == {"ok"}


def test_a_number_is_equal_whatever_its_scale(loaded: World):
    by_hand(loaded, "update fact_payment set payment_amount = payment_amount * 1.0000")
    assert differences(loaded) == {}


def test_rows_are_read_a_chunk_at_a_time(loaded: World, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("hedgehog_pipeline.reconciliation.sides._CHUNK_BYTES", 500)
    by_hand(loaded, "delete from fact_payment where payment_id in (7, 31)")
    assert differences(loaded) == {"fact_payment": [(MISSING, None, [(7, 7), (31, 31)])]}


def test_rows_lost_or_added_by_hand_are_unexplained(loaded: World):
    by_hand(loaded, _LOST_AND_ADDED)
    assert differences(loaded) == {
        "dim_staff": [(MISSING, None, [(3, 4)]), (SURPLUS, None, [(2, 2)])],
        "dim_currency": [(SURPLUS, None, [(9, 10)])],
        "fact_sales_order": [(MISSING, None, [(5, 5)])],
        "fact_payment": [
            (MISSING, None, [(7, 7), (41, 60), (90, 90)]),
            (SURPLUS, None, [(500, 500)]),
        ],
    }


def test_values_changed_by_hand_are_reported_with_their_columns(loaded: World):
    by_hand(loaded, _CHANGED)
    tables = [table for table in reconciled(loaded) if table.differences]
    assert {table.verdict for table in tables} == {"1 unexplained"}
    examples = {table.table: table.differences[0].examples for table in tables}
    assert examples == {table: (f"90: {text}",) for table, text in _EXAMPLES.items()}


def test_long_texts_that_differ_at_their_end_are_reported(loaded: World):
    loaded.shop.execute("update design set design_name = repeat('x', 100) where design_id = 1")
    loaded.run()
    by_hand(loaded, "update dim_design set design_name = design_name || 'y' where design_id = 1")
    (found,) = reconciled(loaded, "dim_design")
    shown = f"{'x' * 60}..."
    example = f"1: design_name {shown} in the source, {shown} in the warehouse"
    assert found.differences[0].examples == (example,)


def test_a_lost_version_is_reported(loaded: World):
    update = "update sales_order set units_sold = %s, last_updated = now() where sales_order_id = 5"
    for units in (70001, 70002):
        loaded.shop.execute(update, [units])
        loaded.run()
    by_hand(loaded, "delete from fact_sales_order where units_sold = 70002")
    (found,) = reconciled(loaded, "fact_sales_order")
    assert found.faults == 1
    assert "units_sold 70002 in the source, 70001 in the warehouse" in str(found)


def test_an_unreadable_row_without_a_quarantine_entry_is_unexplained(loaded: World):
    loaded.shop.execute("update payment set payment_date = 'soon' where payment_id = 7")
    loaded.run()
    by_hand(loaded, "delete from hedgehog.quarantine")
    (found,) = reconciled(loaded, "fact_payment")
    assert found.faults == 1
    assert "7 cannot be read in the source" in str(found)


def test_a_deleted_row_restored_by_hand_is_unexplained(loaded: World):
    loaded.shop.execute("insert into currency values (9, 'CHF', 'now', 'now')")
    loaded.run()
    loaded.shop.execute("delete from currency where currency_id = 9")
    loaded.detect_deletes()
    assert differences(loaded) == {}
    by_hand(loaded, "update dim_currency set deleted = false where currency_id = 9")
    assert differences(loaded) == {"dim_currency": [(SURPLUS, None, [(9, 9)])]}


def test_following_the_advice_fixes_the_differences(loaded: World):
    by_hand(loaded, "update fact_payment set payment_amount = 1 where payment_id < 10")
    by_hand(loaded, "delete from fact_payment where payment_id > 50")
    assert differences(loaded) != {}
    loaded.launch("processing", "fact_payment")
    loaded.run()
    assert differences(loaded) == {}


def test_nothing_is_compared_before_the_initial_load_is_complete(world: World):
    def verdicts() -> set[str]:
        return {table.verdict for table in reconciled(world)}

    not_compared = {"not compared: the initial load is not complete"}
    world.load_small()
    assert verdicts() == not_compared
    world.launch("extraction")
    world.launch("processing")
    assert verdicts() == not_compared
    world.launch("storage")
    assert verdicts() == {"ok"}


def test_nothing_is_compared_until_another_source_is_read_in_full(loaded: World):
    by_hand(loaded, "delete from fact_payment where payment_id = 7")
    append(loaded, "increment", source="7/1/5")
    assert {table.comparison for table in reconciled(loaded)} == {None}


def test_a_number_misread_on_both_sides_is_unexplained(
    world: World, monkeypatch: pytest.MonkeyPatch
):
    def wraps(texts: Any, kind: pa.Decimal128Type) -> Any:
        return pc.replace_substring_regex(digits(texts, kind), "^300[.]25$", "7.00")

    digits = csv_reader._in_plain_digits
    monkeypatch.setattr(csv_reader, "_in_plain_digits", wraps)
    loaded = seed(world)
    assert loaded.query("select payment_amount from fact_payment where payment_id = 90") == [(7,)]
    (payments,) = reconciled(loaded, "fact_payment")
    (found,) = payments.differences
    assert (found.what, found.why, found.keys) == (DIFFERENT, None, [(90, 90)])
    assert found.examples == ("90 cannot be read in the source, and has no quarantine entry",)
