"""Changes that a cursor on `last_updated` would miss, or land again and again."""

from collections import Counter

from hedgehog_pipeline_tests.support.capturing import (
    assert_landed_once,
    capture,
    capturing,
)
from hedgehog_pipeline_tests.support.landed import in_shop, keys, landed
from hedgehog_pipeline_tests.support.odd_shop import change, place
from hedgehog_pipeline_tests.support.world import World


def test_an_update_that_keeps_the_stamp_lands(shop: World):
    shop.shop.execute("update sales_order set units_sold = 11 where sales_order_id = 2")
    assert keys(capture(shop)) == ["2"]
    assert_landed_once(shop)


def test_a_stamp_that_goes_back_lands(shop: World):
    change(shop.shop, "3", 12, at="1999-12-31 23:59:59.999")
    assert keys(capture(shop)) == ["3"]
    assert_landed_once(shop)


def test_a_stamp_far_in_the_future_lands_and_hides_no_later_change(shop: World):
    change(shop.shop, "1", 13, at="2999-01-01")
    assert keys(capture(shop)) == ["1"]
    assert keys(capture(shop) + _after(shop)) == ["4"]
    assert_landed_once(shop)


def _after(shop: World) -> Counter[tuple[str, ...]]:
    place(shop.shop)
    return capture(shop)


def test_a_deleted_order_is_removed_from_its_transaction_in_the_warehouse(shop: World):
    shop.shop.execute(
        "insert into transaction (transaction_type, sales_order_id, last_updated)"
        " select 'SALE', sales_order_id, last_updated from sales_order"
    )
    shop.run()
    before = shop.query("select transaction_id, sales_order_id from dim_transaction order by 1")
    assert before == [(1, 1), (2, 2), (3, 3)]
    end = len(shop.commits(shop.settings.ingestion_bucket))
    shop.shop.execute("delete from sales_order where sales_order_id = 2")
    shop.run()
    assert keys(landed(shop, after=end), "transaction") == ["2"]
    after = shop.query("select transaction_id, sales_order_id from dim_transaction order by 1")
    assert after == [(1, 1), (2, None), (3, 3)]
    assert_landed_once(shop)


def test_freezing_lands_no_row_again(shop: World):
    shop.shop.execute("vacuum freeze")
    assert capture(shop) == Counter()
    place(shop.shop)
    shop.shop.execute("vacuum freeze")
    assert keys(capture(shop)) == ["4"]
    shop.shop.execute("vacuum freeze")
    assert_landed_once(shop)


def test_rows_frozen_while_another_transaction_is_open_land_once(shop: World):
    with shop.connect() as late:
        mine = place(late)
        others = place(shop.shop, 2)
        shop.shop.execute("vacuum freeze sales_order")
        assert keys(capture(shop)) == others
        shop.shop.execute("vacuum freeze sales_order")
        assert capture(shop) == Counter()
    shop.shop.execute("vacuum freeze sales_order")
    assert keys(capture(shop)) == mine
    assert_landed_once(shop)


def test_a_vacuum_full_or_a_cluster_lands_no_row_again(shop: World):
    shop.shop.execute("vacuum full")
    shop.shop.execute("cluster sales_order using sales_order_pkey")
    assert capture(shop) == Counter()
    assert_landed_once(shop)


def test_the_tables_of_a_capture_are_consistent_with_each_other(shop: World):
    with capturing(shop) as finish:
        shop.shop.execute(
            "with made as (insert into design (design_name, file_location, file_name, last_updated)"
            " values ('Soft', '/usr', 'soft.json', now()) returning design_id)"
            " update sales_order set design_id = (select max(design_id) from made)"
            " where sales_order_id = 1"
        )
        assert finish() is None
    rows = capture(shop)
    assert keys(rows, "design") == ["2"]
    assert keys(rows) == ["1"]
    assert_landed_once(shop)


def test_every_version_that_a_capture_saw_stays_in_the_lake(shop: World):
    seen = in_shop(shop)
    for units in (20, 30, 40):
        change(shop.shop, "1", units)
        capture(shop)
        seen |= in_shop(shop)
    assert landed(shop) == seen
