"""What was told of a row is over when the row is gone or good, in any order of events."""

import random

import pytest

from hedgehog_pipeline.schema.shop import SHOP
from hedgehog_pipeline.schema.star import STAR
from hedgehog_pipeline_tests.bad_rows import OPEN, ORDERS, alter, copy_row
from hedgehog_pipeline_tests.world import World

_TOLD = "select * from hedgehog.quarantine order by table_name, key, ingestion_commit, column_name"
_CHANGING = ("address", "department", "design", "counterparty", "staff", ORDERS)
"""A parent of two, one of one, a table of its own, two that are joined, and a fact."""


@pytest.fixture
def clean(world: World) -> World:
    """A small shop in the warehouse."""
    world.load_small()
    world.run()
    return world


@pytest.mark.parametrize("earlier", [True, False])
def test_the_deletion_of_a_row_that_cannot_be_taken_is_its_end(clean: World, *, earlier: bool):
    changes = {} if earlier else {"created_at": "infinity"}
    keys = {table: copy_row(clean, table, **changes) for table in _CHANGING}
    rows = {table: f"where {SHOP[table].key} = {key}" for table, key in keys.items()}
    clean.run()
    for table, row in rows.items():
        clean.shop.execute(f"update {table} set created_at = '-infinity' {row}".encode())
    clean.run()
    assert _keys_open(clean) == {(table, str(key)) for table, key in keys.items()}
    for table, row in rows.items():
        clean.shop.execute(f"delete from {table} {row}".encode())
    clean.sweep()
    assert clean.query(OPEN) == []


def test_a_key_that_is_too_great_is_told_and_its_deletion_is_its_end(clean: World):
    for table in ("design", "staff"):
        alter(clean, table, f"{table}_id", "type bigint")
        copy_row(clean, table, **{f"{table}_id": 3_000_000_000})
    clean.run()
    assert sorted((table, key, column) for table, key, column, *_ in clean.query(OPEN)) == [
        ("design", "3000000000", "design_id"),
        ("staff", "3000000000", "staff_id"),
    ]
    for table in ("design", "staff"):
        clean.shop.execute(f"delete from {table} where {table}_id > 2147483647".encode())
    clean.sweep()
    assert clean.query(OPEN) == []
    assert len(clean.query("select from dim_design")) == 1


@pytest.mark.parametrize(
    ("seed", "rounds"),
    [(0, 2), *(pytest.param(seed, 4, marks=pytest.mark.torture) for seed in range(1, 8))],
)
def test_open_is_what_is_bad_in_the_shop_whatever_happens(clean: World, seed: int, rounds: int):
    chance = random.Random(seed)
    mine: list[tuple[str, int]] = []
    for _ in range(rounds):
        for _ in range(5):
            _change_something(clean, mine, chance)
        clean.run()
        clean.sweep()
        assert _keys_open(clean) == _keys_bad(clean)
        for stage in chance.choices(["processing", "storage"], k=2):
            clean.launch(stage, *chance.sample(list(STAR), chance.choice([0, 3])))
        clean.run()
        assert _keys_open(clean) == _keys_bad(clean)
    assert mine


def _change_something(world: World, mine: list[tuple[str, int]], chance: random.Random) -> None:
    """Add a row like the first, good or bad; or spoil, correct or delete one that was added."""
    created = chance.choice(["infinity", "today"])
    if len(mine) < 3 or chance.random() < 0.3:
        table = chance.choice(_CHANGING)
        mine.append((table, copy_row(world, table, created_at=created)))
        return
    table, key = chance.choice(mine)
    row = f"{table} {{}} where {SHOP[table].key} = {key}"
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
        f"select '{table}', {SHOP[table].key}::text from {table} where created_at = 'infinity'"
        for table in _CHANGING
    ]
    return set(world.shop.execute(" union all ".join(bad).encode()).fetchall())


def test_an_emptied_warehouse_is_told_the_same_again(clean: World):
    copy_row(clean, ORDERS, agreed_payment_date="soon")
    staff = copy_row(clean, "staff", created_at="infinity")
    clean.run()
    clean.shop.execute("update department set created_at = 'infinity'")
    clean.shop.execute(f"update staff set created_at = 'today' where staff_id = {staff}".encode())
    clean.run()
    clean.launch("processing")
    clean.run()
    told, still = clean.query(_TOLD), sorted(clean.query(OPEN))
    assert [(table, column) for table, _, column, *_ in still] == [
        ("department", "created_at"),
        (ORDERS, "agreed_payment_date"),
    ]
    clean.empty_warehouse()
    clean.run()
    assert clean.query(_TOLD) == told
    assert sorted(clean.query(OPEN)) == still
