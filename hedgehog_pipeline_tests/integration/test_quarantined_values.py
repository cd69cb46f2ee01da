"""Invalid rows get quarantine entries with key, column, value and reason, and block nothing."""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from psycopg import sql

from hedgehog_pipeline.model.columns import (
    INTEGER,
    MONEY,
    NAIVE_TIMESTAMP,
    TEXT_DATE,
    ColumnType,
)
from hedgehog_pipeline_tests.support.archived import Archived
from hedgehog_pipeline_tests.support.bad_rows import OPEN, ORDERS, STAMP, alter, copy_row, is_loaded
from hedgehog_pipeline_tests.support.demo_model import SOURCE
from hedgehog_pipeline_tests.support.dirty import DIRTY
from hedgehog_pipeline_tests.support.inbox_files import CURRENCIES, STAMPS, put
from hedgehog_pipeline_tests.support.world import Rows, World

_BOUGHT = "purchase_order"


@dataclass(frozen=True)
class Dirt:
    """A value that the star rejects, and the DDL that lets the shop store it."""

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
_TIMESTAMPS = (
    "infinity",
    "-infinity",
    "10000-01-01 00:00:00",
    "294276-12-31 23:59:59",
    "0044-03-15 09:30:00 BC",
)
_DIRTS = (
    *(Dirt(ORDERS, "agreed_payment_date", text, TEXT_DATE) for text in _TEXT_DATES),
    *(Dirt(ORDERS, "last_updated", text, NAIVE_TIMESTAMP) for text in _TIMESTAMPS),
    *(Dirt("design", "created_at", text, NAIVE_TIMESTAMP) for text in _TIMESTAMPS),
    Dirt(_BOUGHT, "item_unit_price", "NaN", MONEY),
    Dirt(_BOUGHT, "item_unit_price", "Infinity", MONEY, "type numeric"),
    Dirt(ORDERS, "unit_price", "123456789.00", MONEY, "type numeric(14, 2)"),
    Dirt(_BOUGHT, "item_unit_price", "100000000", MONEY, "type numeric"),
    Dirt(_BOUGHT, "item_unit_price", "2.005", MONEY, "type numeric"),
    Dirt(ORDERS, "units_sold", 3_000_000_000, INTEGER, "type bigint"),
    Dirt(ORDERS, "units_sold", None, INTEGER, "drop not null"),
    Dirt("design", "design_name", None, INTEGER, "drop not null"),
)


@dataclass(frozen=True)
class Outcome:
    """The outcome of a row with an invalid value, and of the same row without it."""

    bad: int
    entries: Rows
    good_is_loaded: bool
    bad_is_loaded: bool
    entries_once_corrected: Rows
    corrected_is_loaded: bool


@pytest.fixture(scope="module")
def outcomes(archived: Archived) -> Iterator[dict[Dirt, Outcome]]:
    """A shop with every kind of invalid value at once, captured; and again once corrected."""
    with archived.copy() as world:
        for dirt in _DIRTS:
            if dirt.alter:
                alter(world, dirt.table, dirt.column, dirt.alter)
        rows = {
            dirt: (
                copy_row(world, dirt.table),
                copy_row(world, dirt.table, **{dirt.column: dirt.value}),
            )
            for dirt in _DIRTS
        }
        world.run()
        entries = {dirt: _entries_of(world, dirt, bad) for dirt, (_, bad) in rows.items()}
        loaded = {
            dirt: tuple(is_loaded(world, dirt.table, key) for key in keys)
            for dirt, keys in rows.items()
        }
        for dirt, (good, bad) in rows.items():
            _correct(world, dirt, good, bad)
        world.run()
        yield {
            dirt: Outcome(
                bad,
                entries[dirt],
                *loaded[dirt],
                _entries_of(world, dirt, bad),
                is_loaded(world, dirt.table, bad),
            )
            for dirt, (_, bad) in rows.items()
        }


def _entries_of(world: World, dirt: Dirt, key: int) -> Rows:
    return world.query(f"{OPEN} where table_name = %s and key = %s", [dirt.table, str(key)])


def _correct(world: World, dirt: Dirt, good: int, bad: int) -> None:
    world.shop.execute(
        sql.SQL(
            "update {table} as bad set {column} = good.{column} from {table} as good "
            "where bad.{key} = %s and good.{key} = %s"
        ).format(
            table=sql.Identifier(dirt.table),
            column=sql.Identifier(dirt.column),
            key=sql.Identifier(SOURCE[dirt.table].key),
        ),
        [bad, good],
    )


@pytest.mark.parametrize("dirt", _DIRTS, ids=str)
def test_an_invalid_value_is_quarantined_and_the_other_rows_are_loaded(
    outcomes: dict[Dirt, Outcome], dirt: Dirt
):
    outcome = outcomes[dirt]
    found = None if dirt.value is None else str(dirt.value)
    assert outcome.entries == [(dirt.table, str(outcome.bad), dirt.column, found, dirt.reason)]
    assert outcome.good_is_loaded
    assert not outcome.bad_is_loaded
    assert outcome.entries_once_corrected == []
    assert outcome.corrected_is_loaded


def test_the_smallest_and_largest_values_are_loaded(opened: World):
    order = copy_row(
        opened,
        ORDERS,
        created_at="0001-01-01",
        last_updated="9999-12-31 23:59:59.999",
        agreed_payment_date="0001-01-02",
        agreed_delivery_date="9999-12-30",
        units_sold=-2_147_483_648,
        unit_price="-99999999.99",
    )
    opened.run()
    assert opened.query(OPEN) == []
    columns = (
        "created_date::text, last_updated_time::text, agreed_payment_date::text, "
        "agreed_delivery_date::text, units_sold, unit_price::text"
    )
    assert opened.query(
        f"select {columns} from fact_sales_order where sales_order_id = {order}"
    ) == [
        ("0001-01-01", "23:59:59.999", "0001-01-02", "9999-12-30", -2_147_483_648, "-99999999.99")
    ]
    days = "select year, day_name from dim_date where year not between 2 and 9998 order by date_id"
    assert opened.query(days) == [
        (1, "Monday"),
        (1, "Tuesday"),
        (9999, "Thursday"),
        (9999, "Friday"),
    ]


def test_a_row_with_two_invalid_values_has_two_entries(opened: World):
    bad = copy_row(opened, ORDERS, agreed_payment_date="soon", created_at="infinity")
    opened.run()
    assert sorted(opened.query(OPEN)) == [
        (ORDERS, str(bad), "agreed_payment_date", "soon", f"is not {TEXT_DATE.form}"),
        (ORDERS, str(bad), "created_at", "infinity", f"is not {NAIVE_TIMESTAMP.form}"),
    ]


def test_a_part_with_only_invalid_rows_blocks_nothing(opened: World):
    rows = opened.query("select * from fact_payment")
    opened.shop.execute("update payment set last_updated = 'infinity'")
    good = copy_row(opened, "design")
    opened.run()
    assert [(table, key) for table, key, *_ in sorted(opened.query(OPEN))] == [
        ("payment", "1"),
        ("payment", "2"),
    ]
    assert opened.query("select * from fact_payment") == rows
    assert is_loaded(opened, "design", good)
    opened.shop.execute(f"update payment set {STAMP}".encode())
    opened.run()
    assert opened.query(OPEN) == []
    assert len(opened.query("select from fact_payment")) == 4


def test_odd_text_next_to_an_invalid_row_arrives_character_for_character(opened: World):
    copy_row(opened, "design", created_at="infinity")
    keys = [copy_row(opened, "design", design_name=text, file_name="") for text in DIRTY]
    opened.run()
    assert len(opened.query(OPEN)) == 1
    names = "select design_name, file_name from dim_design where design_id = any(%s) order by 1"
    texts = "select t, '' from unnest(%s::text[]) as t order by 1"
    assert opened.query(names, [keys]) == opened.query(texts, [list(DIRTY)])


@pytest.mark.parametrize("neighbour", ["2026-06-01", "infinity"])
def test_a_text_longer_than_a_part_is_loaded(opened: World, neighbour: str):
    text = "🦔x" * 4_000_000
    key = copy_row(opened, "design", file_name=text)
    copy_row(opened, "design", created_at=neighbour)
    opened.run()
    assert len(opened.query(OPEN)) == (neighbour == "infinity")
    assert opened.query("select file_name from dim_design where design_id = %s", [key]) == [(text,)]


def test_a_row_without_a_key_is_quarantined(opened: World):
    put(opened, "inbox/currency/all.csv", CURRENCIES, line := f",CHF,{STAMPS}")
    opened.run()
    assert opened.query(OPEN) == [("currency", "", "currency_id", line, "is absent")]
