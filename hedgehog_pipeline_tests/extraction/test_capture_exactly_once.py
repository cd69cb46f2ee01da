"""Transactions that are open while a batch is captured: their rows land later, once."""

from collections import Counter
from contextlib import suppress

from psycopg.errors import UniqueViolation

from hedgehog_pipeline_tests.extraction.capturing import assert_landed_once, capture
from hedgehog_pipeline_tests.extraction.landed import keys, landed
from hedgehog_pipeline_tests.extraction.shop import change, place
from hedgehog_pipeline_tests.world import World


def test_rows_stamped_before_and_committed_after_a_batch_land_in_the_next_run_once(shop: World):
    shop.run()
    with shop.connect() as late:
        place(late)
        with late.transaction():
            (under_savepoint,) = place(late, at="2026-11-02 12:00:00")
            change(late, "1", 77, at="2026-11-02 12:00:00")
        (other,) = place(shop.shop, at="2026-11-02 12:00:05")
        shop.run()
        assert keys(landed(shop, after=1)) == [other]
    shop.run()
    assert keys(landed(shop, after=2)) == ["1", "4", under_savepoint]
    assert_landed_once(shop)
    facts = shop.query("select sales_order_id, units_sold from fact_sales_order_current order by 1")
    assert facts == [(1, 77), (2, 10), (3, 10), (4, 10), (5, 10), (6, 10)]


def test_rows_of_one_millisecond_land_once_whenever_they_are_committed(shop: World):
    first = place(shop.shop, 300)
    with shop.connect() as late:
        second = place(late, 300)
        with late.transaction():
            second += place(late, 300)
        assert keys(capture(shop)) == first
        third = place(shop.shop, 300)
        assert keys(capture(shop)) == third
    assert keys(capture(shop)) == second
    assert_landed_once(shop)


def test_a_prepared_transaction_lands_after_its_commit(shop: World):
    with shop.connect() as session:
        session.execute("begin")
        prepared = place(session, 2)
        change(session, "2", 55)
        session.execute("prepare transaction 'orders'")
    try:
        other = place(shop.shop)
        assert keys(capture(shop)) == other
        assert capture(shop) == Counter()
    finally:
        shop.shop.execute("commit prepared 'orders'")
    assert keys(capture(shop)) == ["2", *prepared]
    assert_landed_once(shop)


def test_a_subtransaction_that_was_rolled_back_never_lands(shop: World):
    with shop.connect() as late:
        kept = place(late)
        with suppress(UniqueViolation), late.transaction():
            place(late, 5)
            late.execute("update sales_order set sales_order_id = 2 where sales_order_id = 3")
        other = place(shop.shop)
        assert keys(capture(shop)) == other
        with late.transaction(force_rollback=True):
            change(late, "1", 99)
        kept += place(late)
    assert keys(capture(shop)) == kept
    assert_landed_once(shop)


def test_a_transaction_that_was_rolled_back_never_lands(shop: World):
    with shop.connect() as late:
        place(late, 5)
        other = place(shop.shop)
        assert keys(capture(shop)) == other
        late.rollback()
    assert capture(shop) == Counter()
    assert_landed_once(shop)


def test_a_transaction_open_over_three_captures_lands_once_and_keeps_nothing_else_back(
    shop: World,
):
    with shop.connect() as late:
        mine = place(late)
        for units in (20, 30, 40):
            with late.transaction():
                mine += place(late)
            change(shop.shop, "1", units)
            others = place(shop.shop)
            with shop.connect() as brief, brief.transaction():
                others += place(brief)
            assert keys(capture(shop)) == ["1", *others]
            assert capture(shop) == Counter()
    assert keys(capture(shop)) == mine
    assert_landed_once(shop)


def test_transactions_that_overlap_in_a_chain_land_once_each(shop: World):
    earlier = shop.connect()
    waiting = place(earlier)
    for _ in range(3):
        later = shop.connect()
        next_waiting = place(later)
        assert capture(shop) == Counter()
        earlier.commit()
        earlier.close()
        assert keys(capture(shop)) == waiting
        earlier, waiting = later, next_waiting
    earlier.commit()
    earlier.close()
    assert keys(capture(shop)) == waiting
    assert_landed_once(shop)


def test_thousands_of_transactions_beside_a_long_one_land_once(shop: World):
    with shop.connect() as late:
        mine = place(late)
        # Each order has a gap after it, so that no two seen ids make one range.
        shop.shop.execute(
            "do $$ begin for i in 1..3000 loop"
            " insert into sales_order (last_updated, design_id, staff_id, counterparty_id,"
            " units_sold, unit_price, currency_id, agreed_delivery_date, agreed_payment_date,"
            " agreed_delivery_location_id)"
            " values (now(), 1, 1, 1, i, 2.50, 1, '2026-11-05', '2026-11-04', 1); commit;"
            " perform pg_current_xact_id(); commit; end loop; end $$"
        )
        assert len(keys(capture(shop))) == 3000
        assert capture(shop) == Counter()
    assert keys(capture(shop)) == mine
    assert_landed_once(shop)
