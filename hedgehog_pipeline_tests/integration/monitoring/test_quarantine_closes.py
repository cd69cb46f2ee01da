"""Quarantine entries close when the row is deleted or valid, in any order of events."""

import random

import pytest

from hedgehog_pipeline_tests.support.bad_rows import OPEN, ORDERS, alter, copy_row
from hedgehog_pipeline_tests.support.demo_model import SOURCE, STAR
from hedgehog_pipeline_tests.support.world import World

_ENTRIES = (
    "select * from hedgehog.quarantine order by table_name, key, ingestion_commit, column_name"
)
_CHANGING = ("address", "department", "design", "counterparty", "staff", ORDERS)
"""A parent of two tables, a parent of one, a table of its own, two joined tables, and a fact."""


@pytest.mark.parametrize("earlier", [True, False])
def test_the_deletion_of_an_invalid_row_closes_its_entries(opened: World, *, earlier: bool):
    changes = {} if earlier else {"created_at": "infinity"}
    keys = {table: copy_row(opened, table, **changes) for table in _CHANGING}
    rows = {table: f"where {SOURCE[table].key} = {key}" for table, key in keys.items()}
    opened.run()
    for table, row in rows.items():
        opened.shop.execute(f"update {table} set created_at = '-infinity' {row}".encode())
    opened.run()
    assert _keys_open(opened) == {(table, str(key)) for table, key in keys.items()}
    for table, row in rows.items():
        opened.shop.execute(f"delete from {table} {row}".encode())
    opened.detect_deletes()
    assert opened.query(OPEN) == []


def test_a_key_that_is_too_large_is_quarantined_until_it_is_deleted(opened: World):
    """Keys of 64 bits, such as snowflake ids, while the declaration has 32 bits."""
    tables = {
        "design": 3_000_000_000,
        "staff": 1_234_567_890_123_456_789,
        ORDERS: -(2**63),
    }
    for table, key in tables.items():
        alter(opened, table, SOURCE[table].key, "type bigint")
        copy_row(opened, table, **{SOURCE[table].key: key})
    opened.run()
    assert sorted((table, key, column) for table, key, column, *_ in opened.query(OPEN)) == sorted(
        (table, str(key), SOURCE[table].key) for table, key in tables.items()
    )
    opened.detect_deletes()
    for table, key in tables.items():
        opened.shop.execute(f"delete from {table} where {SOURCE[table].key} = {key}".encode())
    opened.detect_deletes()
    assert opened.query(OPEN) == []
    assert len(opened.query("select from dim_design")) == 1


@pytest.mark.parametrize(
    ("seed", "rounds"),
    [(0, 2), *(pytest.param(seed, 4, marks=pytest.mark.torture) for seed in range(1, 8))],
)
def test_open_entries_are_the_invalid_source_rows_whatever_happens(
    opened: World, seed: int, rounds: int
):
    chance = random.Random(seed)
    mine: list[tuple[str, int]] = []
    for _ in range(rounds):
        for _ in range(5):
            _change_something(opened, mine, chance)
        opened.run()
        opened.detect_deletes()
        assert _keys_open(opened) == _keys_bad(opened)
        for stage in chance.choices(["processing", "storage"], k=2):
            opened.launch(stage, *chance.sample(list(STAR), chance.choice([0, 3])))
        opened.run()
        assert _keys_open(opened) == _keys_bad(opened)
    assert mine


def _change_something(world: World, mine: list[tuple[str, int]], chance: random.Random) -> None:
    """Add a row like the first, valid or not; or spoil, correct or delete an added one."""
    created = chance.choice(["infinity", "today"])
    if len(mine) < 3 or chance.random() < 0.3:
        table = chance.choice(_CHANGING)
        mine.append((table, copy_row(world, table, created_at=created)))
        return
    table, key = chance.choice(mine)
    row = f"{table} {{}} where {SOURCE[table].key} = {key}"
    if chance.random() < 0.3:
        world.shop.execute(f"delete from {row.format('')}".encode())
        mine.remove((table, key))
    else:
        change = f"set created_at = '{created}'"
        world.shop.execute(f"update {row.format(change)}".encode())


def _keys_open(world: World) -> set[tuple[str, str]]:
    return {(table, key) for table, key, *_ in world.query(OPEN)}


def _keys_bad(world: World) -> set[tuple[str, str]]:
    bad = [
        f"select '{table}', {SOURCE[table].key}::text from {table} where created_at = 'infinity'"
        for table in _CHANGING
    ]
    return set(world.shop.execute(" union all ".join(bad).encode()).fetchall())


def test_an_emptied_warehouse_gets_the_same_entries_again(opened: World):
    copy_row(opened, ORDERS, agreed_payment_date="soon")
    staff = copy_row(opened, "staff", created_at="infinity")
    opened.run()
    opened.shop.execute("update department set created_at = 'infinity'")
    opened.shop.execute(f"update staff set created_at = 'today' where staff_id = {staff}".encode())
    opened.run()
    opened.launch("processing")
    opened.run()
    entries, still_open = opened.query(_ENTRIES), sorted(opened.query(OPEN))
    assert [(table, column) for table, _, column, *_ in still_open] == [
        ("department", "created_at"),
        (ORDERS, "agreed_payment_date"),
    ]
    opened.empty_warehouse()
    opened.run()
    assert opened.query(_ENTRIES) == entries
    assert sorted(opened.query(OPEN)) == still_open
