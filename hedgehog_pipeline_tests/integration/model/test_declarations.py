"""The declarations agree with the source's DDL, the documented star, and each other."""

from typing import Any

import pytest

from hedgehog_pipeline.model import columns as types
from hedgehog_pipeline.model.tables import Dimension, Fact, SourceTable, StarTable
from hedgehog_pipeline_tests.support.demo_model import SOURCE, STAR
from hedgehog_pipeline_tests.support.truth import STAR_SQL
from hedgehog_pipeline_tests.support.world import World

_STAR = pytest.mark.parametrize("table", STAR.values(), ids=list(STAR))
_SOURCE = pytest.mark.parametrize("table", SOURCE.values(), ids=list(SOURCE))

_SOURCE_COLUMNS = """
    select column_name, is_nullable = 'YES', concat_ws(' ', data_type, numeric_precision,
           numeric_scale, datetime_precision) from information_schema.columns
    where table_schema = 'public' and table_name = %s order by ordinal_position
"""
_SOURCE_KEYS = """
    select contype::text, a.attname, confrelid::regclass::text
    from pg_constraint join pg_attribute a on attrelid = conrelid and attnum = any(conkey)
    where conrelid = %s::regclass and contype in ('p', 'f') order by 1, 2
"""
_SPELLINGS = {
    "integer 32 0": types.INTEGER,
    "text": types.TEXT,
    "character varying": types.TEXT,
    "USER-DEFINED": types.TEXT,
    "boolean": types.BOOLEAN,
    "numeric 10 2": types.MONEY,
    "timestamp without time zone 3": types.NAIVE_TIMESTAMP,
}
_TEXT_DATES = ("agreed_delivery_date", "agreed_payment_date", "payment_date")


def test_the_declared_columns_are_those_of_the_source(world: World) -> None:
    for table in SOURCE.values():
        declared = [(column.name, column.nullable, column.type) for column in table.columns]
        found = world.shop.execute(_SOURCE_COLUMNS, [table.name]).fetchall()
        assert declared == [(name, null, _type(name, kind)) for name, null, kind in found]


def test_the_declared_keys_are_those_of_the_source(world: World) -> None:
    for table in SOURCE.values():
        found = world.shop.execute(_SOURCE_KEYS, [table.name]).fetchall()
        references = [("f", c.name, c.references) for c in table.columns if c.references]
        key: tuple[Any, ...] = ("p", table.key, "-")
        assert found == [*sorted(references), key]


def test_the_star_has_the_documented_columns(world: World) -> None:
    world.shop.execute(STAR_SQL)
    for table in STAR.values():
        documented = world.shop.execute(f"select * from pg_temp.{table.name}".encode()).description
        names = [column.name for column in documented or ()]
        assert [column.name for column in table.columns] == names


@_SOURCE
def test_a_source_table_comes_after_the_tables_it_refers_to(table: SourceTable) -> None:
    before = list(SOURCE)[: list(SOURCE).index(table.name)]
    assert {column.references for column in table.columns if column.references} <= set(before)


@_STAR
def test_a_dimension_comes_before_the_facts_that_refer_to_it(table: StarTable) -> None:
    before = list(STAR)[: list(STAR).index(table.name)]
    for column in table.columns:
        if column.references:
            dimension = STAR[column.references]
            assert isinstance(table, Fact)
            assert isinstance(dimension, Dimension)
            assert dimension.name in before
            assert dimension.key.type == column.type


@_STAR
def test_every_column_comes_from_the_inputs(table: StarTable) -> None:
    for column in table.columns:
        for source in column.sources:
            name, _, of = source.partition(".")
            assert name in table.inputs
            assert of in [declared.name for declared in SOURCE[name].columns]
        assert column.sources


@_STAR
def test_the_first_column_of_each_table_is_its_key(table: StarTable) -> None:
    assert table.inputs
    assert set(table.inputs) <= set(SOURCE)
    assert table.key.name == table.columns[0].name
    assert not table.key.nullable
    if isinstance(table, Fact):
        assert table.key.name == f"{table.inputs[0]}_id"
        assert table.serial.endswith("_record_id")


@_STAR
def test_an_inferred_member_has_a_value_in_every_not_null_column(table: StarTable) -> None:
    if isinstance(table, Dimension):
        for column in table.columns[1:]:
            assert column.unknown or column.nullable


def test_each_type_has_the_expected_sql_and_arrow_type() -> None:
    pairs = {
        types.INTEGER: ("integer", "int32"),
        types.BIGINT: ("bigint", "int64"),
        types.TEXT: ("text", "string"),
        types.BOOLEAN: ("boolean", "bool"),
        types.MONEY: ("numeric(10,2)", "decimal128(10, 2)"),
        types.AMOUNT: ("numeric", "decimal128(10, 2)"),
        types.DATE: ("date", "date32[day]"),
        types.TIME: ("time without time zone", "time64[us]"),
        types.TEXT_DATE: ("text", "date32[day]"),
        types.NAIVE_TIMESTAMP: ("timestamp(3) without time zone", "timestamp[us, tz=UTC]"),
    }
    used = {c.type for table in (*SOURCE.values(), *STAR.values()) for c in table.columns}
    assert used | {types.BIGINT} == set(pairs)
    for kind, pair in pairs.items():
        assert (kind.sql, str(kind.arrow)) == pair


def _type(name: str, kind: str) -> types.ColumnType:
    """The declared type of a source column: a text may be declared as a date."""
    if name in _TEXT_DATES:
        assert kind == "text"
        return types.TEXT_DATE
    return _SPELLINGS[kind]
