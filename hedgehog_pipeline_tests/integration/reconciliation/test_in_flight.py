"""A change in flight is explained at every step, until source and warehouse are equal."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timezone

import pytest

from hedgehog_pipeline.extraction.capture_request import CaptureRequest, Mode
from hedgehog_pipeline.extraction.source import SourceSnapshot
from hedgehog_pipeline.model.tables import SourceTable
from hedgehog_pipeline.reconciliation.reconcile import reconcile
from hedgehog_pipeline.runner.execute import execute
from hedgehog_pipeline_tests.support.demo_model import RECONCILED
from hedgehog_pipeline_tests.support.reconciling import (
    DIFFERENT,
    MISSING,
    SURPLUS,
    Found,
    append,
    by_hand,
    delete_own_order,
    differences,
    seed,
)
from hedgehog_pipeline_tests.support.world import World

_NOT_CAPTURED = "not captured yet"
_NOT_LOADED = "landed, not loaded yet"
_NOT_DETECTED = "deleted in the source, not detected yet"
_QUARANTINED = "in quarantine"
_INBOX = "from an inbox file"

_BREAK = """
    update payment set payment_date = 'soon' where payment_id = 90;
    update department set created_at = 'infinity', location = 'York' where department_id = 90;
    update counterparty set created_at = 'infinity', counterparty_legal_name = 'Ur'
    where counterparty_id = 90
"""
_FIX = """
    update payment set payment_date = '2026-06-05' where payment_id = 90;
    update department set created_at = 'now' where department_id = 90;
    update counterparty set created_at = 'now' where counterparty_id = 90
"""


@pytest.fixture
def loaded(world: World) -> World:
    """A warehouse that is equal to its source."""
    return seed(world)


def test_a_change_is_explained_at_every_step(loaded: World):
    loaded.shop.execute("update sales_order set units_sold = 99 where sales_order_id in (4, 5)")
    loaded.shop.execute("insert into currency values (9, 'CHF', 'now', 'now')")

    def in_flight(why: str) -> Found:
        return {
            "dim_currency": [(MISSING, why, [(9, 9)])],
            "fact_sales_order": [(DIFFERENT, why, [(4, 5)])],
        }

    assert differences(loaded) == in_flight(_NOT_CAPTURED)
    loaded.launch("extraction")
    assert differences(loaded) == in_flight(_NOT_LOADED)
    loaded.launch("processing")
    assert differences(loaded) == in_flight(_NOT_LOADED)
    loaded.launch("storage")
    assert differences(loaded) == {}


def test_a_deletion_is_explained_at_every_step(loaded: World):
    delete_own_order(loaded)

    def in_flight(why: str) -> Found:
        tables = ("dim_transaction", "fact_sales_order", "fact_payment")
        return {table: [(SURPLUS, why, [(90, 90)])] for table in tables}

    assert differences(loaded) == in_flight(_NOT_DETECTED)
    loaded.run()
    assert differences(loaded) == in_flight(_NOT_DETECTED)
    _land_deletions(loaded)
    assert differences(loaded) == in_flight(_NOT_LOADED)
    loaded.run()
    assert differences(loaded) == {}


def test_a_deletion_after_delete_detection_is_not_detected_yet(loaded: World):
    loaded.detect_deletes()
    delete_own_order(loaded)
    assert {why for found in differences(loaded).values() for _, why, _ in found} == {_NOT_DETECTED}


def test_a_row_inserted_again_is_not_captured_yet(loaded: World):
    loaded.shop.execute("delete from payment where payment_id = 90")
    loaded.detect_deletes()
    loaded.shop.execute(
        "insert into payment values "
        "(90, 'now', 'now', 90, 90, 1, 1, 1, false, '2026-06-05', 52923196, 32957646)"
    )
    assert differences(loaded) == {"fact_payment": [(MISSING, _NOT_CAPTURED, [(90, 90)])]}


def test_a_changed_parent_is_explained_at_every_step(loaded: World):
    loaded.shop.execute("update department set location = 'York' where department_id = 90")
    loaded.shop.execute("update address set city = 'York' where address_id = 90")

    def in_flight(why: str) -> Found:
        tables = ("dim_staff", "dim_location", "dim_counterparty")
        return {table: [(DIFFERENT, why, [(90, 90)])] for table in tables}

    assert differences(loaded) == in_flight(_NOT_CAPTURED)
    loaded.launch("extraction")
    assert differences(loaded) == in_flight(_NOT_LOADED)
    loaded.run()
    assert differences(loaded) == {}


def test_a_deleted_parent_is_explained_at_every_step(loaded: World):
    loaded.shop.execute("alter table staff drop constraint staff_department_id_fkey")
    loaded.shop.execute("delete from department where department_id = 90")
    assert differences(loaded) == {"dim_staff": [(DIFFERENT, _NOT_DETECTED, [(90, 90)])]}
    _land_deletions(loaded)
    assert differences(loaded) == {"dim_staff": [(DIFFERENT, _NOT_LOADED, [(90, 90)])]}
    loaded.run()
    assert differences(loaded) == {}


def test_unreadable_rows_and_parents_are_explained_by_the_quarantine(loaded: World):
    loaded.shop.execute(_BREAK)

    def in_flight(why: str) -> Found:
        tables = ("dim_staff", "dim_counterparty", "fact_payment")
        return {table: [(DIFFERENT, why, [(90, 90)])] for table in tables}

    assert differences(loaded) == in_flight(_NOT_CAPTURED)
    loaded.run()
    assert differences(loaded) == in_flight(_QUARANTINED)
    loaded.shop.execute(_FIX)
    loaded.run()
    assert differences(loaded) == {}


def test_a_table_without_readable_rows_is_explained_by_the_quarantine(world: World):
    world.load_small()
    world.shop.execute("update payment set payment_date = ''")
    world.run()
    assert differences(world) == {"fact_payment": [(MISSING, _QUARANTINED, [(1, 2)])]}


def test_rows_of_an_inbox_file_are_explained(loaded: World):
    stamps = "2026-06-01 09:30:00,2026-06-01 09:30:00"
    append(
        loaded,
        "inbox",
        currency=f"currency_id,currency_code,created_at,last_updated\n1,CHF,{stamps}\n",
        payment_type="payment_type_id,payment_type_name,created_at,last_updated\n"
        f"77,GIFT,{stamps}\n",
        staff="staff_id,first_name,last_name,department_id,email_address,created_at,last_updated\n"
        f"90,Ada,Lovelace,90,ada@example.com,{stamps}\n",
    )
    loaded.run()
    from_inbox: Found = {
        "dim_staff": [(DIFFERENT, _INBOX, [(90, 90)])],
        "dim_currency": [(DIFFERENT, _INBOX, [(1, 1)])],
        "dim_payment_type": [(SURPLUS, _INBOX, [(77, 77)])],
    }
    assert differences(loaded) == from_inbox
    loaded.shop.execute("update department set location = 'York' where department_id = 90")
    loaded.run()  # stamps the staff member with a newer commit
    loaded.detect_deletes()
    assert differences(loaded) == from_inbox
    loaded.shop.execute("update currency set currency_code = 'SEK' where currency_id = 1")
    loaded.run()
    del from_inbox["dim_currency"]
    assert differences(loaded) == from_inbox


def test_a_change_while_the_snapshots_are_opened_is_in_flight(loaded: World):
    deployment = loaded.deployment

    @contextmanager
    def open_source(tables: Sequence[SourceTable]) -> Iterator[SourceSnapshot]:
        loaded.shop.execute("update department set location = 'York' where department_id = 90")
        loaded.shop.execute("insert into currency values (9, 'CHF', 'now', 'now')")
        delete_own_order(loaded)
        loaded.run()
        loaded.detect_deletes()
        with deployment.source.open_snapshot(tables) as snapshot:
            yield snapshot

    with deployment.warehouse() as warehouse:
        tables = list(RECONCILED.values())
        found = list(reconcile(deployment.lake, warehouse, open_source, tables))
    assert {table.table: table.in_flight for table in found if table.differences} == {
        "dim_staff": {_NOT_CAPTURED: 1},
        "dim_currency": {_NOT_CAPTURED: 1},
        "dim_transaction": {_NOT_LOADED: 1},
        "fact_sales_order": {_NOT_LOADED: 1},
        "fact_payment": {_NOT_LOADED: 1},
    }
    assert sum(table.faults for table in found) == 0
    assert differences(loaded) == {}


def test_a_change_in_flight_does_not_hide_a_fault(loaded: World):
    loaded.shop.execute("update payment set payment_amount = 1 where payment_id in (7, 8)")
    by_hand(loaded, "update fact_payment set payment_amount = 2 where payment_id in (8, 9)")
    assert differences(loaded) == {
        "fact_payment": [(DIFFERENT, None, [(9, 9)]), (DIFFERENT, _NOT_CAPTURED, [(7, 8)])]
    }


def _land_deletions(world: World) -> None:
    """Run delete detection, without processing its commit."""
    request = CaptureRequest(Mode.SWEEP, allow_mass_delete=True)
    execute(world.deployment, "extraction", datetime.now(timezone.utc).date(), request=request)
