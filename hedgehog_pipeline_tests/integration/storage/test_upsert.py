"""Of two rows with one identity the greater pair wins, whatever the order of the loads."""

from collections.abc import Iterator
from datetime import date, time
from decimal import Decimal
from itertools import permutations
from typing import Any

import pyarrow as pa
import pytest

from hedgehog_pipeline.storage.ddl import references
from hedgehog_pipeline.storage.upsert import infer_members, stage_table, upsert_staged
from hedgehog_pipeline.storage.warehouse import Warehouse
from hedgehog_pipeline_tests.support.demo_model import STAR
from hedgehog_pipeline_tests.support.world import World

_DAY = date(2026, 6, 1)


@pytest.fixture
def warehouse(world: World) -> Iterator[Warehouse]:
    """A warehouse without rows and without foreign keys."""
    with world.deployment.warehouse() as warehouse:
        warehouse.prepare()
        yield warehouse


def test_the_greater_pair_wins_in_any_order(warehouse: Warehouse) -> None:
    loads = [(5, 1, "first"), (5, 3, "restated"), (6, 2, "newest"), (4, 4, "oldest")]
    for order in permutations(loads):
        warehouse.connection.execute("truncate dim_payment_type")
        for ingestion, processed, name in order:
            _load(warehouse, "dim_payment_type", [_kind(1, name, ingestion)], processed)
        assert _rows(warehouse, "dim_payment_type") == [(1, "newest", 6, 2, False)]


def test_an_older_commit_loaded_later_still_adds_its_own_keys(
    warehouse: Warehouse,
) -> None:
    _load(warehouse, "dim_payment_type", [_kind(2, "newer", 6)], processed=2)
    _load(warehouse, "dim_payment_type", [_kind(key, "older", 5) for key in (1, 2, 3)], processed=1)
    assert _rows(warehouse, "dim_payment_type") == [
        (1, "older", 5, 1, False),
        (2, "newer", 6, 2, False),
        (3, "older", 5, 1, False),
    ]


def test_a_part_is_appended_only_if_its_keys_are_above_those_of_the_table(
    warehouse: Warehouse,
) -> None:
    table = STAR["dim_payment_type"]
    _load(warehouse, table.name, [_kind(1, "CASH", 5), _kind(3, "CARD", 5)], processed=1)
    with warehouse.connection.transaction():
        keys = ([3, 4], [5], [6, 7])
        parts = [
            pa.Table.from_pylist([_kind(k, "GIFT", 6) for k in part], schema=table.arrow)
            for part in keys
        ]
        assert stage_table(warehouse.connection, table, parts, append_as=2) == 3
        assert upsert_staged(warehouse.connection, table, 2) == 2
    assert _rows(warehouse, table.name) == [
        (1, "CASH", 5, 1, False),
        *((key, "GIFT", 6, 2, False) for key in range(3, 8)),
    ]


def test_existing_rows_are_neither_written_nor_locked_again(warehouse: Warehouse) -> None:
    rows = [_kind(1, "CASH", 5), _kind(2, "CARD", 5)]
    writers = "select xmin::text, xmax::text from dim_payment_type order by payment_type_id"
    assert _load(warehouse, "dim_payment_type", rows, processed=1) == 2
    before = warehouse.connection.execute(writers).fetchall()
    assert _load(warehouse, "dim_payment_type", rows, processed=1) == 0
    assert _load(warehouse, "dim_payment_type", [], processed=1) == 0
    assert warehouse.connection.execute(writers).fetchall() == before


def test_of_two_rows_of_a_key_in_one_batch_the_later_capture_is_kept(warehouse: Warehouse) -> None:
    rows = [_kind(1, "later", 9), _kind(1, "earlier", 8), _kind(1, "earliest", 7)]
    assert _load(warehouse, "dim_payment_type", rows, processed=1) == 1
    assert _rows(warehouse, "dim_payment_type") == [(1, "later", 9, 1, False)]


def test_a_fact_keeps_each_version_once(warehouse: Warehouse) -> None:
    first, second = _payment(time(9), "1.10", 5), _payment(time(10), "2.20", 6)
    for rows, processed in (([second], 2), ([first], 1), ([first, second], 1)):
        _load(warehouse, "fact_payment", rows, processed)
    amounts = "select payment_amount, ingestion_commit, processed_commit from {} order by 2"
    assert _query(warehouse, amounts.format("fact_payment")) == [
        (Decimal("1.10"), 5, 1),
        (Decimal("2.20"), 6, 2),
    ]
    assert _query(warehouse, amounts.format("fact_payment_current")) == [(Decimal("2.20"), 6, 2)]


def test_a_change_without_a_new_last_updated_replaces_its_version(warehouse: Warehouse) -> None:
    for amount, commit in (("1.10", 5), ("3.30", 7), ("2.20", 6)):
        _load(warehouse, "fact_payment", [_payment(time(9), amount, commit)], commit)
    found = _query(warehouse, "select payment_amount, ingestion_commit from fact_payment")
    assert found == [(Decimal("3.30"), 7)]


def test_an_inferred_member_is_replaced_by_any_real_row_and_never_replaces_one(
    warehouse: Warehouse,
) -> None:
    _load(warehouse, "fact_payment", [_payment(time(9), "1.10", 5)], processed=1)
    wanted = list(references(STAR, [STAR["fact_payment"]]))
    assert infer_members(warehouse.connection, wanted, staged=False) == 6
    assert _rows(warehouse, "dim_payment_type") == [(3, "Not known", 0, 0, True)]
    assert _rows(warehouse, "dim_transaction") == [(2, "Not known", None, None, 0, 0, True)]
    monday = (_DAY, 2026, 6, 1, 1, "Monday", "June", 2, 0, 0, True)
    assert _rows(warehouse, "dim_date")[0] == monday

    assert _query(warehouse, "select deleted from dim_payment_type") == [(False,)]
    since = "select inferred_since is null from dim_payment_type"
    assert _query(warehouse, since) == [(False,)]
    _load(warehouse, "dim_payment_type", [_kind(3, "CASH", 1)], processed=1)
    assert _query(warehouse, since) == [(True,)]
    assert infer_members(warehouse.connection, wanted, staged=False) == 0
    assert _rows(warehouse, "dim_payment_type") == [(3, "CASH", 1, 1, False)]


def test_a_row_without_a_reference_infers_no_member(warehouse: Warehouse) -> None:
    table = STAR["fact_payment"]
    row = {**_payment(time(9), "1.10", 5), "payment_type_id": None}
    with warehouse.connection.transaction():
        stage_table(warehouse.connection, table, [pa.Table.from_pylist([row], schema=table.arrow)])
        infer_members(warehouse.connection, list(references(STAR, [table])), staged=True)
    assert _rows(warehouse, "dim_payment_type") == []


def _load(warehouse: Warehouse, name: str, rows: list[dict[str, Any]], processed: int) -> int:
    table = STAR[name]
    with warehouse.connection.transaction():
        parts = [pa.Table.from_pylist([row], schema=table.arrow) for row in rows]
        stage_table(warehouse.connection, table, parts)
        return upsert_staged(warehouse.connection, table, processed)


def _rows(warehouse: Warehouse, name: str) -> list[tuple[Any, ...]]:
    columns = ", ".join(column.name for column in STAR[name].columns)
    pair = "ingestion_commit, processed_commit"
    return _query(warehouse, f"select {columns}, {pair}, inferred from {name} order by 1")


def _query(warehouse: Warehouse, query: str) -> list[tuple[Any, ...]]:
    return warehouse.connection.execute(query.encode()).fetchall()


def _kind(key: int, name: str, commit: int) -> dict[str, Any]:
    return {
        "payment_type_id": key,
        "payment_type_name": name,
        "ingestion_commit": commit,
        "deleted": False,
    }


def _payment(updated: time, amount: str, commit: int) -> dict[str, Any]:
    return {
        "payment_id": 1,
        "created_date": _DAY,
        "created_time": time(9),
        "last_updated_date": _DAY,
        "last_updated_time": updated,
        "transaction_id": 2,
        "counterparty_id": 4,
        "payment_amount": Decimal(amount),
        "currency_id": 1,
        "payment_type_id": 3,
        "paid": True,
        "payment_date": date(2026, 6, 5),
        "ingestion_commit": commit,
    }
