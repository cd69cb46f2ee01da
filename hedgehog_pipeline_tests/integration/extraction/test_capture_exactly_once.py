"""Transactions that are open during a capture: their rows land later, once."""

import json
from collections import Counter
from contextlib import suppress
from typing import Any

import pytest
from psycopg import sql
from psycopg.errors import UniqueViolation
from psycopg.pq import TransactionStatus

from hedgehog_pipeline.errors import HedgehogError
from hedgehog_pipeline.extraction import capture as capturing
from hedgehog_pipeline.extraction.source import SourceSnapshot
from hedgehog_pipeline_tests.support.capturing import assert_landed_once, capture
from hedgehog_pipeline_tests.support.landed import keys, landed
from hedgehog_pipeline_tests.support.odd_shop import change, place
from hedgehog_pipeline_tests.support.world import World, reset_process_caches


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


def test_a_transaction_open_over_three_captures_lands_once_and_delays_no_other_row(
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


def test_thousands_of_transactions_during_a_long_one_land_once(shop: World):
    with shop.connect() as late:
        mine = place(late)
        # An id that was rolled back is between any two orders, so their ids form no range.
        shop.shop.execute(
            "do $$ begin for i in 1..3000 loop"
            " insert into sales_order (last_updated, design_id, staff_id, counterparty_id,"
            " units_sold, unit_price, currency_id, agreed_delivery_date, agreed_payment_date,"
            " agreed_delivery_location_id)"
            " values (now(), 1, 1, 1, i, 2.50, 1, '2026-11-05', '2026-11-04', 1); commit;"
            " perform pg_current_xact_id(); rollback; end loop; end $$"
        )
        assert len(keys(capture(shop))) == 3000
        assert capture(shop) == Counter()
    assert keys(capture(shop)) == mine
    assert_landed_once(shop)


def test_commits_stay_short_during_a_long_transaction(shop: World):
    """The seen ids are stored once for all tables, in ranges, whatever else wrote meanwhile."""
    shop.shop.execute("create table undeclared (number int)")
    with shop.connect() as late:
        mine = place(late)
        shop.shop.execute(
            "do $$ begin for i in 1..500 loop"
            " insert into department (department_name, last_updated) values (i, now()); commit;"
            " insert into undeclared values (i); commit;"
            " insert into currency (currency_code, last_updated) values (i, now()); commit;"
            " perform pg_current_xact_id(); commit; end loop; end $$"
        )
        for _ in range(2):
            others = place(shop.shop)
            assert keys(capture(shop)) == others
            key = _last_commit(shop)
            assert len(_object(shop, key)) < 10_000
    assert keys(capture(shop)) == mine
    assert_landed_once(shop)


def test_interleaved_subtransactions_land_with_their_own_transaction(shop: World):
    """No snapshot lists them, and a server caches at most 64 per transaction."""
    with shop.connect() as late, shop.connect() as other:
        mine, theirs = place(late), place(other)
        for number in range(90):
            with late.transaction():
                mine += place(late)
            with late.transaction(force_rollback=True):
                place(late)
            with other.transaction():
                theirs += place(other)
            if number % 30 == 29:
                others = place(shop.shop)
                assert keys(capture(shop)) == others
        other.commit()
        assert keys(capture(shop)) == theirs
    assert keys(capture(shop)) == mine
    assert_landed_once(shop)


def test_commits_stay_short_during_a_long_transaction_with_many_savepoints(shop: World):
    """Between any two orders is an id that is still open."""
    with shop.connect() as late:
        mine, others = place(late), list[str]()
        for _ in range(100):
            with late.transaction():
                mine += place(late)
            others += place(shop.shop)
        assert keys(capture(shop)) == others
        (seen,) = json.loads(_object(shop, _last_commit(shop)))["seen"].values()
        assert len(seen) < 200
        for _ in range(2):
            others = place(shop.shop)
            assert keys(capture(shop)) == others
    assert keys(capture(shop)) == mine
    assert_landed_once(shop)


def test_ids_that_stay_unknown_do_not_keep_later_ids_from_joining_ranges(
    shop: World, monkeypatch: pytest.MonkeyPatch
):
    """Ids that were rolled back stay unknown, and a capture asks for a limited number of ids."""
    monkeypatch.setattr(capturing, "_MAX_XIDS_PER_QUERY", 100)
    shop.shop.execute("create table undeclared (number int)")
    with shop.connect() as late:
        mine = place(late)
        shop.shop.execute(
            "do $$ begin for i in 1..200 loop perform pg_current_xact_id(); rollback; end loop;"
            " for i in 1..20 loop insert into undeclared values (i); commit;"
            " insert into department (department_name, last_updated) values (i, now()); commit;"
            " end loop; end $$"
        )
        capture(shop)
        head = shop.deployment.lake.ingestion.head()
        assert head is not None
        assert len(head.base["department"].seen) == 1
    assert keys(capture(shop)) == mine


def test_a_transaction_that_is_open_for_too_long_is_named_and_nothing_lands(
    shop: World, monkeypatch: pytest.MonkeyPatch
):
    with shop.connect() as late:
        mine = place(late)
        ((number,),) = late.execute("select pg_current_xact_id()::text").fetchall()
        others = place(shop.shop)
        with monkeypatch.context() as patch:
            patch.setattr(capturing, "_MAX_RANGES", 0)
            with pytest.raises(HedgehogError, match=f"^Transaction {number} .* open for so long"):
                capture(shop)
        assert keys(capture(shop)) == others
    assert keys(capture(shop)) == mine


def test_tables_that_were_captured_alone_are_captured_with_the_others_again(shop: World):
    shop.run()
    with shop.connect() as late:
        mine = place(late)
        shop.shop.execute("update design set file_name = 'one.json'")
        place(shop.shop)
        shop.launch("extraction", "design")
        shop.shop.execute("update design set file_name = 'two.json'")
        found = capture(shop)
        assert (len(keys(found)), keys(found, "design")) == (1, ["1"])
        assert capture(shop) == Counter()
    assert keys(capture(shop)) == mine


def test_a_commit_while_a_capture_asks_does_not_count_as_seen(
    shop: World, monkeypatch: pytest.MonkeyPatch
):
    """The snapshot is older than the status that PostgreSQL returns for a transaction."""
    fetch = SourceSnapshot.fetch
    with shop.connect() as long, shop.connect() as late:
        mine = place(long)
        theirs = place(late)
        with late.transaction():
            theirs += place(late)
        others = place(shop.shop)

        def commit_and_fetch(source: SourceSnapshot, query: sql.Composed) -> list[tuple[Any, ...]]:
            if "pg_xact_status" in query.as_string():
                late.commit()
            return fetch(source, query)

        with monkeypatch.context() as patch:
            patch.setattr(SourceSnapshot, "fetch", commit_and_fetch)
            assert keys(capture(shop)) == others
        assert late.info.transaction_status == TransactionStatus.IDLE
        assert keys(capture(shop)) == theirs
    assert keys(capture(shop)) == mine
    assert_landed_once(shop)


def test_a_lake_with_seen_ids_per_table_continues(shop: World):
    """As in format 1; an id that one table has seen may be open for the others."""
    with shop.connect() as late:
        mine = place(late)
        ((number,),) = late.execute("select pg_current_xact_id()::text::bigint").fetchall()
        place(shop.shop)
        capture(shop)
        head, key = shop.deployment.lake.ingestion.head(), _last_commit(shop)
        assert head is not None
        commit = json.loads(_object(shop, key))
        del commit["seen"]
        for name, watermark in commit["base"].items():
            watermark["seen"] = []
            if name == "sales_order":
                watermark["seen"] = head.base[name].seen
            if name == "department":
                watermark["seen"] = [[number, number]]
        _put(shop, key, json.dumps({**commit, "format": 1}))
        shop.shop.execute("update design set file_name = 'new.json'")
        others = place(shop.shop)
        assert keys(found := capture(shop)) == others
        assert keys(found, "design") == ["1"]
    assert keys(capture(shop)) == mine
    assert_landed_once(shop)


def _last_commit(world: World) -> str:
    keys_of_lake = world.keys(world.settings.ingestion_bucket)
    return max(key for key in keys_of_lake if key.startswith("commits/"))


def _object(world: World, key: str) -> bytes:
    bucket = world.settings.ingestion_bucket
    return world.s3.get_object(Bucket=bucket, Key=key)["Body"].read()


def _put(world: World, key: str, text: str) -> None:
    """Replace an object, which no version of Hedgehog does."""
    bucket = world.settings.ingestion_bucket
    world.s3.delete_object(Bucket=bucket, Key=key)
    world.s3.put_object(Bucket=bucket, Key=key, Body=text.encode())
    reset_process_caches()
