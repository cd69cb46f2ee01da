"""Rows that cannot be taken are told by key, column, value and reason, and hold nothing up."""

import json
import random
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from typing import Any

import pytest
from psycopg import sql

from hedgehog_pipeline.schema.columns import (
    INTEGER,
    MONEY,
    SHOP_DATE,
    SHOP_TIME,
    ColumnType,
)
from hedgehog_pipeline.schema.shop import SHOP
from hedgehog_pipeline.schema.star import STAR
from hedgehog_pipeline_tests.dirty import DIRTY
from hedgehog_pipeline_tests.servers import Servers
from hedgehog_pipeline_tests.world import Rows, World

_OPEN = "select table_name, key, column_name, value, reason from hedgehog.open_quarantine"
_TOLD = "select * from hedgehog.quarantine order by table_name, key, ingestion_commit, column_name"
_STAR_OF = {star.subject: star for star in STAR.values()}
_ORDERS, _BOUGHT = "sales_order", "purchase_order"
_STAMP = "last_updated = '2026-06-02 10:00:00'"

_CHANGING = ("address", "department", "design", "counterparty", "staff", _ORDERS)
"""A parent of two, one of one, a table of its own, two that are joined, and a fact."""

_KEYS = count(100)


@dataclass(frozen=True)
class Dirt:
    """A value that the star does not take, and what has to be done for the shop to hold it."""

    table: str
    column: str
    value: str | int | None
    kind: ColumnType
    alter: str = ""

    @property
    def reason(self) -> str:
        return "is absent" if self.value is None else f"is not {self.kind.form}"

    def __str__(self) -> str:
        return f"{self.table}.{self.column}={self.value}"


_TEXT_DATES = ("tomorrow", "2026-02-30", "01/06/2026", "", " ", "0000-01-01", "today")
_MOMENTS = (
    "infinity",
    "-infinity",
    "10000-01-01 00:00:00",
    "294276-12-31 23:59:59",
    "0044-03-15 09:30:00 BC",
)
_DIRTS = (
    *(Dirt(_ORDERS, "agreed_payment_date", text, SHOP_DATE) for text in _TEXT_DATES),
    *(Dirt(_ORDERS, "last_updated", text, SHOP_TIME) for text in _MOMENTS),
    *(Dirt("design", "created_at", text, SHOP_TIME) for text in _MOMENTS),
    Dirt(_BOUGHT, "item_unit_price", "NaN", MONEY),
    Dirt(_BOUGHT, "item_unit_price", "Infinity", MONEY, "type numeric"),
    Dirt(_ORDERS, "unit_price", "123456789.00", MONEY, "type numeric(14, 2)"),
    Dirt(_BOUGHT, "item_unit_price", "100000000", MONEY, "type numeric"),
    Dirt(_BOUGHT, "item_unit_price", "2.005", MONEY, "type numeric"),
    Dirt(_ORDERS, "units_sold", 3_000_000_000, INTEGER, "type bigint"),
    Dirt(_ORDERS, "units_sold", None, INTEGER, "drop not null"),
    Dirt("design", "design_name", None, INTEGER, "drop not null"),
)


@pytest.fixture
def clean(world: World) -> World:
    """A small shop in the warehouse."""
    world.load_small()
    world.run()
    return world


def _copy(world: World, table: str, like: int = 1, **changes: Any) -> int:
    """Add a row like another one but for some columns; give its key."""
    key = changes.setdefault(SHOP[table].key, next(_KEYS))
    world.shop.execute(
        sql.SQL(
            "insert into {table} select (jsonb_populate_record(model, %s::jsonb)).* "
            "from {table} as model where {key} = %s"
        ).format(table=sql.Identifier(table), key=sql.Identifier(SHOP[table].key)),
        [json.dumps(changes), like],
    )
    return key


def _alter(world: World, table: str, column: str, change: str) -> None:
    world.shop.execute(f"alter table {table} alter {column} {change}".encode())


@dataclass(frozen=True)
class Outcome:
    """What becomes of a row with one kind of dirt, and of the same row without it."""

    bad: int
    told: Rows
    good_is_held: bool
    bad_is_held: bool
    told_once_corrected: Rows
    corrected_is_held: bool


@pytest.fixture(scope="module")
def outcomes(servers: Servers) -> Iterator[dict[Dirt, Outcome]]:
    """A shop that holds every kind of dirt at once, captured; and again when it is corrected."""
    with World.make(servers) as world:
        world.load_small()
        world.run()
        for dirt in _DIRTS:
            if dirt.alter:
                _alter(world, dirt.table, dirt.column, dirt.alter)
        rows = {
            dirt: (
                _copy(world, dirt.table),
                _copy(world, dirt.table, **{dirt.column: dirt.value}),
            )
            for dirt in _DIRTS
        }
        world.run()
        told = {dirt: _told_of(world, dirt, bad) for dirt, (_, bad) in rows.items()}
        held = {
            dirt: tuple(_is_held(world, dirt.table, key) for key in keys)
            for dirt, keys in rows.items()
        }
        for dirt, (good, bad) in rows.items():
            _correct(world, dirt, good, bad)
        world.run()
        yield {
            dirt: Outcome(
                bad,
                told[dirt],
                *held[dirt],
                _told_of(world, dirt, bad),
                _is_held(world, dirt.table, bad),
            )
            for dirt, (_, bad) in rows.items()
        }


def _told_of(world: World, dirt: Dirt, key: int) -> Rows:
    return world.query(f"{_OPEN} where table_name = %s and key = %s", [dirt.table, str(key)])


def _correct(world: World, dirt: Dirt, good: int, bad: int) -> None:
    world.shop.execute(
        sql.SQL(
            "update {table} as bad set {column} = good.{column} from {table} as good "
            "where bad.{key} = %s and good.{key} = %s"
        ).format(
            table=sql.Identifier(dirt.table),
            column=sql.Identifier(dirt.column),
            key=sql.Identifier(SHOP[dirt.table].key),
        ),
        [bad, good],
    )


@pytest.mark.parametrize("dirt", _DIRTS, ids=str)
def test_a_value_that_cannot_be_taken_is_told_and_the_rest_goes_on(
    outcomes: dict[Dirt, Outcome], dirt: Dirt
):
    outcome = outcomes[dirt]
    found = None if dirt.value is None else str(dirt.value)
    assert outcome.told == [(dirt.table, str(outcome.bad), dirt.column, found, dirt.reason)]
    assert outcome.good_is_held
    assert not outcome.bad_is_held
    assert outcome.told_once_corrected == []
    assert outcome.corrected_is_held


def test_the_least_and_greatest_values_go_through(clean: World):
    order = _copy(
        clean,
        _ORDERS,
        created_at="0001-01-01",
        last_updated="9999-12-31 23:59:59.999",
        agreed_payment_date="0001-01-02",
        agreed_delivery_date="9999-12-30",
        units_sold=-2_147_483_648,
        unit_price="-99999999.99",
    )
    clean.run()
    assert clean.query(_OPEN) == []
    columns = (
        "created_date::text, last_updated_time::text, agreed_payment_date::text, "
        "agreed_delivery_date::text, units_sold, unit_price::text"
    )
    assert clean.query(
        f"select {columns} from fact_sales_order where sales_order_id = {order}"
    ) == [
        ("0001-01-01", "23:59:59.999", "0001-01-02", "9999-12-30", -2_147_483_648, "-99999999.99")
    ]
    days = "select year, day_name from dim_date where year not between 2 and 9998 order by date_id"
    assert clean.query(days) == [
        (1, "Monday"),
        (1, "Tuesday"),
        (9999, "Thursday"),
        (9999, "Friday"),
    ]


def test_a_row_with_two_bad_values_is_told_twice(clean: World):
    bad = _copy(clean, _ORDERS, agreed_payment_date="soon", created_at="infinity")
    clean.run()
    assert sorted(clean.query(_OPEN)) == [
        (_ORDERS, str(bad), "agreed_payment_date", "soon", f"is not {SHOP_DATE.form}"),
        (_ORDERS, str(bad), "created_at", "infinity", f"is not {SHOP_TIME.form}"),
    ]


def test_a_part_of_bad_rows_alone_holds_nothing_up(clean: World):
    rows = clean.query("select * from fact_payment")
    clean.shop.execute("update payment set last_updated = 'infinity'")
    good = _copy(clean, "design")
    clean.run()
    assert [(table, key) for table, key, *_ in sorted(clean.query(_OPEN))] == [
        ("payment", "1"),
        ("payment", "2"),
    ]
    assert clean.query("select * from fact_payment") == rows
    assert _is_held(clean, "design", good)
    clean.shop.execute(f"update payment set {_STAMP}".encode())
    clean.run()
    assert clean.query(_OPEN) == []
    assert len(clean.query("select from fact_payment")) == 4


def test_odd_text_beside_a_bad_row_arrives_character_for_character(clean: World):
    _copy(clean, "design", created_at="infinity")
    keys = [_copy(clean, "design", design_name=text, file_name="") for text in DIRTY]
    clean.run()
    assert len(clean.query(_OPEN)) == 1
    names = "select design_name, file_name from dim_design where design_id = any(%s) order by 1"
    texts = "select t, '' from unnest(%s::text[]) as t order by 1"
    assert clean.query(names, [keys]) == clean.query(texts, [list(DIRTY)])


@pytest.mark.parametrize("neighbour", ["2026-06-01", "infinity"])
def test_a_text_longer_than_a_part_goes_through(clean: World, neighbour: str):
    text = "🦔x" * 4_000_000
    key = _copy(clean, "design", file_name=text)
    _copy(clean, "design", created_at=neighbour)
    clean.run()
    assert len(clean.query(_OPEN)) == (neighbour == "infinity")
    assert clean.query("select file_name from dim_design where design_id = %s", [key]) == [(text,)]


def test_staff_keep_the_last_department_that_could_be_taken(clean: World):
    department = "select department_name from dim_staff"
    clean.shop.execute("update department set department_name = 'X', last_updated = 'infinity'")
    clean.run()
    assert clean.query(department) == [("Sales",)]
    assert [(table, key) for table, key, *_ in clean.query(_OPEN)] == [("department", "1")]
    clean.shop.execute(f"update staff set last_name = 'Bishop', {_STAMP}".encode())
    clean.run()
    assert clean.query("select last_name, department_name from dim_staff") == [("Bishop", "Sales")]
    assert len(clean.query(_OPEN)) == 1
    clean.shop.execute(f"update department set department_name = 'Trade', {_STAMP}".encode())
    clean.run()
    assert clean.query(department) == [("Trade",)]
    assert clean.query(_OPEN) == []


def test_counterparties_and_places_keep_the_last_address_that_could_be_taken(clean: World):
    _alter(clean, "address", "phone", "drop not null")
    cities = (
        "select city, counterparty_legal_city from dim_location, dim_counterparty "
        "where location_id = 1"
    )
    clean.shop.execute("update address set city = 'X', phone = null")
    clean.run()
    assert clean.query(cities) == [("Leeds", "Leeds")]
    assert clean.query(_OPEN) == [("address", "1", "phone", None, "is absent")]
    clean.shop.execute("update address set city = 'York', phone = '1'")
    clean.run()
    assert clean.query(cities) == [("York", "York")]
    assert clean.query(_OPEN) == []


def test_a_department_that_changes_does_not_mend_its_staff(clean: World):
    clean.shop.execute("update staff set last_name = 'X', last_updated = '-infinity'")
    clean.run()
    clean.shop.execute(f"update department set department_name = 'Trade', {_STAMP}".encode())
    clean.run()
    members = "select last_name, department_name from dim_staff"
    assert clean.query(members) == [("Franey", "Trade")]
    assert [(table, key) for table, key, *_ in clean.query(_OPEN)] == [("staff", "1")]
    clean.shop.execute(f"update staff set last_name = 'Bishop', {_STAMP}".encode())
    clean.run()
    assert clean.query(members) == [("Bishop", "Trade")]
    assert clean.query(_OPEN) == []


@pytest.mark.parametrize("table", ["staff", "design", "currency"])
def test_a_fact_whose_member_cannot_be_taken_has_one_that_stands_in(clean: World, table: str):
    member = _copy(clean, table, created_at="infinity")
    order = _copy(clean, _ORDERS, **{f"{table}_id": member})
    clean.run()
    assert _is_held(clean, _ORDERS, order)
    star = _STAR_OF[table]
    stand_in = f"select inferred, ingestion_commit > 0 from {star.name} where {star.key.name} = %s"
    assert clean.query(stand_in, [member]) == [(True, False)]
    clean.shop.execute(f"update {table} set created_at = 'today'".encode())
    clean.run()
    assert clean.query(stand_in, [member]) == [(False, True)]
    assert clean.query(_OPEN) == []


@pytest.mark.parametrize("earlier", [True, False])
def test_the_deletion_of_a_row_that_cannot_be_taken_is_its_end(clean: World, *, earlier: bool):
    changes = {} if earlier else {"created_at": "infinity"}
    keys = {table: _copy(clean, table, **changes) for table in _CHANGING}
    rows = {table: f"where {SHOP[table].key} = {key}" for table, key in keys.items()}
    clean.run()
    for table, row in rows.items():
        clean.shop.execute(f"update {table} set created_at = '-infinity' {row}".encode())
    clean.run()
    assert _keys_open(clean) == {(table, str(key)) for table, key in keys.items()}
    for table, row in rows.items():
        clean.shop.execute(f"delete from {table} {row}".encode())
    clean.sweep()
    assert clean.query(_OPEN) == []


def test_a_key_that_is_too_great_is_told_and_its_deletion_is_its_end(clean: World):
    for table in ("design", "staff"):
        _alter(clean, table, f"{table}_id", "type bigint")
        _copy(clean, table, **{f"{table}_id": 3_000_000_000})
    clean.run()
    assert sorted((table, key, column) for table, key, column, *_ in clean.query(_OPEN)) == [
        ("design", "3000000000", "design_id"),
        ("staff", "3000000000", "staff_id"),
    ]
    for table in ("design", "staff"):
        clean.shop.execute(f"delete from {table} where {table}_id > 2147483647".encode())
    clean.sweep()
    assert clean.query(_OPEN) == []
    assert len(clean.query("select from dim_design")) == 1


def test_a_row_without_a_key_is_told(clean: World):
    clean.shop.execute("alter table design drop constraint design_pkey cascade")
    _alter(clean, "design", "design_id", "drop not null")
    clean.shop.execute("insert into design select null, 'now', 'X', '', '', 'now'")
    clean.run()
    assert clean.query(_OPEN) == [("design", "", "design_id", None, "is absent")]


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
        mine.append((table, _copy(world, table, created_at=created)))
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
    return {(table, key) for table, key, *_ in world.query(_OPEN)}


def _keys_bad(world: World) -> set[tuple[str, str]]:
    bad = [
        f"select '{table}', {SHOP[table].key}::text from {table} where created_at = 'infinity'"
        for table in _CHANGING
    ]
    return set(world.shop.execute(" union all ".join(bad).encode()).fetchall())


def test_an_emptied_warehouse_is_told_the_same_again(clean: World):
    _copy(clean, _ORDERS, agreed_payment_date="soon")
    staff = _copy(clean, "staff", created_at="infinity")
    clean.run()
    clean.shop.execute("update department set created_at = 'infinity'")
    clean.shop.execute(f"update staff set created_at = 'today' where staff_id = {staff}".encode())
    clean.run()
    clean.launch("processing")
    clean.run()
    told, still = clean.query(_TOLD), sorted(clean.query(_OPEN))
    assert [(table, column) for table, _, column, *_ in still] == [
        ("department", "created_at"),
        (_ORDERS, "agreed_payment_date"),
    ]
    clean.empty_warehouse()
    clean.run()
    assert clean.query(_TOLD) == told
    assert sorted(clean.query(_OPEN)) == still


def _is_held(world: World, table: str, key: int) -> bool:
    """Whether the star holds the row itself, not one that stands in for it."""
    star = _STAR_OF[table]
    found = f"select from {star.name} where {star.key.name} = %s and ingestion_commit > 0"
    return bool(world.query(found, [key]))
