"""Declarations that do not hold together are told in a sentence that names every fault."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from hedgehog_pipeline.errors import HedgehogError
from hedgehog_pipeline.model import source_columns as source_columns
from hedgehog_pipeline.model import star_columns
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
_BEFORE = {"town": _TOWN, "shop": _SHOP}


def _with(table: StarTable, *columns: Column) -> StarTable:
    return replace(table, columns=(*table.columns, *columns))


def _refers(to: str, kind: object = INTEGER, name: str = "") -> Column:
    return star_columns.reference("shop.town_nr", to, name=name or "again", kind=kind)  # type: ignore[arg-type]


def test_tables_that_hold_together_have_no_fault() -> None:
    assert list(validate_source([_TOWN, _SHOP])) == []
    assert list(validate_star([_DAYS, _DIM, _FACT], _BEFORE)) == []
    joined = replace(_DIM, columns=(star_columns.key("shop.id", "Key.", kind=BIGINT),))
    joined = replace(joined, inputs=("shop", "town"), as_of=True)
    refers = replace(_FACT.columns[1], type=BIGINT)
    fact = replace(_FACT, columns=(_FACT.columns[0], refers, _FACT.columns[2]))
    assert list(validate_star([_DAYS, joined, fact], _BEFORE)) == []


@pytest.mark.parametrize(
    ("tables", "told"),
    [
        ([_TOWN, _TOWN], "the table town is declared twice"),
        ([replace(_TOWN, name="my town")], "'my town' needs a name of letters"),
        ([replace(_TOWN, columns=_TOWN.columns[::-1])], "town has to begin with its primary key"),
        ([replace(_TOWN, columns=())], "town has to begin with its primary key"),
        ([replace(_TOWN, columns=_TOWN.columns[:1])], "town declares nothing but its key"),
        ([replace(_TOWN, columns=_TOWN.columns * 2)], "the column town.nr is declared twice"),
        ([_SHOP], "shop.town_nr refers to town, which no table is"),
        (
            [replace(_TOWN, columns=(*_TOWN.columns, Column("deleted", TEXT, "?")))],
            "town.deleted has the name of a column that Hedgehog adds itself",
        ),
    ],
)
def test_faults_of_a_shop_are_named(tables: Sequence[SourceTable], told: str) -> None:
    assert any(fault.startswith(told) or told in fault for fault in validate_source(tables))


@pytest.mark.parametrize(
    ("tables", "told"),
    [
        ([_DIM, _DIM], "the table dim_town is declared twice"),
        ([_DIM], "no fact refers to a dimension"),
        ([replace(_DIM, name="Town")], "the table 'Town' needs a name of at most 44"),
        ([replace(_DIM, name="lake")], "that is none of config, context"),
        ([replace(_DIM, inputs=("city",))], "dim_town is made of city, which no table of the shop"),
        ([replace(_DIM, inputs=())], "dim_town needs a table of the shop"),
        ([_with(_DIM, star_columns.like("town.y", "Y."))], "dim_town.y is made of town.y, which"),
        (
            [replace(_DIM, columns=_DIM.columns[::-1])],
            "dim_town has to begin with its key, which is",
        ),
        (
            [replace(_DAYS, inputs=("shop", "town"), columns=_DIM.columns)],
            "has several inputs, which",
        ),
        ([replace(_FACT, columns=_FACT.columns[::-1])], "fact_shop has to begin with its key"),
        ([_FACT], "fact_shop.town_nr refers to dim_town, which no dimension before it is"),
        ([_DAYS, _DIM, _with(_FACT, _refers("dim_town", BIGINT))], "bigint and refers to dim_town"),
        ([_DAYS, _DIM, _with(_FACT, _refers("fact_shop"))], "fact_shop, which no dimension"),
        ([_DIM, _with(replace(_DIM, name="b"), _refers("dim_town"))], "only a fact may refer"),
        ([_DAYS, _DIM, _with(_FACT, _refers("dim_town", name="x" * 60))], "too long a name"),
        (
            [_DAYS, _with(_DIM, Column("size", INTEGER, "Size.")), _FACT],
            "dim_town.size has no `unknown` and is not nullable",
        ),
        (
            [_DAYS, _DIM, _with(_FACT, Column("agreed", TEXT_DATE, "Day."))],
            "fact_shop.agreed has a type that only the shop's columns have",
        ),
        ([replace(_DIM, as_of=True)], "dim_town is joined as of a commit and has one input"),
        ([replace(_DIM, inputs=("town", "shop"), as_of=True)], "dim_town joins shop, to which"),
        ([replace(_FACT, inputs=("shop", "town"))], "fact_shop is a fact, which is made of"),
        ([replace(_FACT, serial="")], "fact_shop needs a name of its own for its serial key"),
        ([replace(_FACT, columns=_FACT.columns[:1])], "fact_shop is a fact and refers to no"),
        ([replace(_FACT, version=("stamp",))], "fact_shop is versioned by stamp, which is no"),
        ([_with(_DIM, Column("inferred", TEXT, "?"))], "dim_town.inferred has the name of"),
    ],
)
def test_faults_of_a_star_are_named(tables: Sequence[StarTable], told: str) -> None:
    faults = list(validate_star(tables, _BEFORE))
    assert any(told in fault for fault in faults), faults


@pytest.mark.parametrize(("digits", "decimals"), [(39, 2), (0, 0), (9, 7), (2, 3), (9, -1)])
def test_numbers_that_cannot_be_held_are_refused(digits: int, decimals: int) -> None:
    with pytest.raises(HedgehogError, match=rf"decimal\({digits}, {decimals}\) is no type"):
        decimal(digits, decimals)
