"""Inconsistent declarations raise one error whose message lists every one."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from hedgehog_pipeline.errors import HedgehogError
from hedgehog_pipeline.model import source_columns, star_columns
from hedgehog_pipeline.model.columns import BIGINT, DATE, INTEGER, TEXT, TEXT_DATE, Column, decimal
from hedgehog_pipeline.model.source_validation import validate_source
from hedgehog_pipeline.model.star_validation import validate_star
from hedgehog_pipeline.model.tables import Dimension, Fact, SourceTable, StarTable

_TOWN = SourceTable(
    "town", "Towns.", (source_columns.key("nr", "town"), source_columns.text("x", "X."))
)
_SHOP = SourceTable(
    "shop",
    "Shops.",
    (
        source_columns.key("id", "shop", BIGINT),
        source_columns.reference("town_nr", "town"),
        Column("since", DATE, "Day."),
    ),
)
_DAYS = Dimension("day", "A day.", star_columns.days(["shop.since"]), inputs=("shop",))
_DIM = Dimension(
    "dim_town",
    "A town.",
    (star_columns.key("town.nr", "Key."), star_columns.like("town.x", "X.")),
    inputs=("town",),
)
_FACT = Fact(
    "fact_shop",
    "A shop.",
    (
        star_columns.key("shop.id", "Key.", kind=BIGINT),
        star_columns.reference("shop.town_nr", "dim_town"),
        star_columns.day("shop.since", "day", "Day."),
    ),
    inputs=("shop",),
    serial="record",
    version=("since",),
)
_SOURCE = {"town": _TOWN, "shop": _SHOP}


def _with(table: StarTable, *columns: Column) -> StarTable:
    return replace(table, columns=(*table.columns, *columns))


def _refers(to: str, kind: object = INTEGER, name: str = "") -> Column:
    return star_columns.reference("shop.town_nr", to, name=name or "again", kind=kind)  # type: ignore[arg-type]


def test_consistent_declarations_have_no_errors() -> None:
    assert list(validate_source([_TOWN, _SHOP])) == []
    assert list(validate_star([_DAYS, _DIM, _FACT], _SOURCE)) == []
    joined = replace(_DIM, columns=(star_columns.key("shop.id", "Key.", kind=BIGINT),))
    joined = replace(joined, inputs=("shop", "town"), as_of=True)
    refers = replace(_FACT.columns[1], type=BIGINT)
    fact = replace(_FACT, columns=(_FACT.columns[0], refers, _FACT.columns[2]))
    assert list(validate_star([_DAYS, joined, fact], _SOURCE)) == []


@pytest.mark.parametrize(
    ("tables", "expected"),
    [
        ([_TOWN, _TOWN], "the table town is declared twice"),
        ([replace(_TOWN, name="my town")], "the table name 'my town' may only have letters"),
        (
            [replace(_TOWN, columns=_TOWN.columns[::-1])],
            "the first column of town must be its primary key",
        ),
        ([replace(_TOWN, columns=())], "the first column of town must be its primary key"),
        ([replace(_TOWN, columns=_TOWN.columns[:1])], "town declares no column except its key"),
        ([replace(_TOWN, columns=_TOWN.columns * 2)], "the column town.nr is declared twice"),
        ([_SHOP], "shop.town_nr refers to town, which is not a declared table"),
        (
            [replace(_TOWN, columns=(*_TOWN.columns, Column("deleted", TEXT, "?")))],
            "town.deleted cannot be declared: Hedgehog adds a column of that name",
        ),
    ],
)
def test_errors_in_source_tables_are_named(tables: Sequence[SourceTable], expected: str) -> None:
    assert any(expected in error for error in validate_source(tables))


@pytest.mark.parametrize(
    ("tables", "expected"),
    [
        ([_DIM, _DIM], "the table dim_town is declared twice"),
        ([_DIM], "no fact refers to a dimension"),
        ([replace(_DIM, name="Town")], "the table name 'Town' must have at most 44"),
        ([replace(_DIM, name="lake")], "must not be one of config, context"),
        (
            [replace(_DIM, inputs=("city",))],
            "dim_town: input 'city' is not a declared source table",
        ),
        ([replace(_DIM, inputs=())], "dim_town needs at least one input"),
        (
            [_with(_DIM, star_columns.like("town.y", "Y."))],
            "dim_town.y: source 'town.y' is not a column",
        ),
        (
            [replace(_DIM, columns=_DIM.columns[::-1])],
            "the first column of dim_town must be its key: town.nr",
        ),
        (
            [replace(_DAYS, inputs=("shop", "town"), columns=_DIM.columns)],
            "has several inputs: set `as_of=True`",
        ),
        (
            [replace(_FACT, columns=_FACT.columns[::-1])],
            "the first column of fact_shop must be its key",
        ),
        ([_FACT], "fact_shop.town_nr refers to dim_town, which is not a dimension"),
        ([_DAYS, _DIM, _with(_FACT, _refers("dim_town", BIGINT))], "bigint but refers to dim_town"),
        ([_DAYS, _DIM, _with(_FACT, _refers("fact_shop"))], "fact_shop, which is not a dimension"),
        ([_DIM, _with(replace(_DIM, name="b"), _refers("dim_town"))], "only a fact may refer"),
        ([_DAYS, _DIM, _with(_FACT, _refers("dim_town", name="x" * 60))], "a name longer than 63"),
        (
            [_DAYS, _with(_DIM, Column("size", INTEGER, "Size.")), _FACT],
            "dim_town.size has no `unknown` and is not nullable",
        ),
        (
            [_DAYS, _DIM, _with(_FACT, Column("agreed", TEXT_DATE, "Day."))],
            "fact_shop.agreed has a type that is for source columns only",
        ),
        ([replace(_DIM, as_of=True)], "dim_town has `as_of=True` but only one input"),
        (
            [replace(_DIM, inputs=("town", "shop"), as_of=True)],
            "dim_town joins shop: exactly one column",
        ),
        ([replace(_FACT, inputs=("shop", "town"))], "fact_shop is a fact: it must have exactly"),
        ([replace(_FACT, serial="")], "fact_shop needs a `serial`"),
        ([replace(_FACT, columns=_FACT.columns[:1])], "fact_shop is a fact but refers to no"),
        ([replace(_FACT, version=("stamp",))], "fact_shop: version column 'stamp' is not one"),
        ([_with(_DIM, Column("inferred", TEXT, "?"))], "dim_town.inferred cannot be declared"),
    ],
)
def test_errors_in_star_tables_are_named(tables: Sequence[StarTable], expected: str) -> None:
    errors = list(validate_star(tables, _SOURCE))
    assert any(expected in error for error in errors), errors


@pytest.mark.parametrize(("digits", "decimals"), [(39, 2), (0, 0), (9, 7), (2, 3), (9, -1)])
def test_unsupported_decimals_are_refused(digits: int, decimals: int) -> None:
    with pytest.raises(HedgehogError, match=rf"decimal\({digits}, {decimals}\) is not supported"):
        decimal(digits, decimals)
