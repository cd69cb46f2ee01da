"""What is declared of a shop's tables to begin with, and the star that is made of them."""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import pyarrow as pa

from hedgehog_pipeline.scaffold.catalog import FoundColumn, FoundTable
from hedgehog_pipeline.schema import shop_columns, star_columns
from hedgehog_pipeline.schema.columns import (
    BIGINT,
    BOOLEAN,
    DATE,
    INTEGER,
    MOMENT,
    SHOP_TIME,
    TEXT,
    Column,
    ColumnType,
    decimal,
)
from hedgehog_pipeline.schema.shop_faults import OF_HEDGEHOG, faults_of_shop
from hedgehog_pipeline.schema.star_faults import faults_of_star, faults_of_table
from hedgehog_pipeline.schema.tables import KEYS, Dimension, Fact, ShopTable, StarTable

_TYPES = {
    "smallint": INTEGER,
    "integer": INTEGER,
    "bigint": BIGINT,
    "boolean": BOOLEAN,
    "date": DATE,
    "timestamp with time zone": MOMENT,
    "timestamp without time zone": SHOP_TIME,
}
_TEXTS = {"S", "E"}
"""PostgreSQL's categories of types whose value is its text: strings of any kind, enums."""

_NUMERIC = re.compile(r"numeric\((\d+),(-?\d+)\)")
_MOST_DIGITS, _MOST_DECIMALS = 38, 6
_STAMP = re.compile("updat|modif|chang|alter")
"""What the name of a column says that holds the moment of a row's last change."""


@dataclass(frozen=True)
class Draft:
    """A model to begin with.

    Attributes:
        shop: the tables that can be followed.
        star: dimensions, then facts.
        left_out: a clause for each table and column that is not declared, with its reason.
    """

    shop: tuple[ShopTable, ...]
    star: tuple[StarTable, ...]
    left_out: tuple[str, ...]

    @property
    def faults(self) -> list[str]:
        """What a person has to mend before the star holds together, a clause for each fault."""
        return list(faults_of_star(self.star, {table.name: table for table in self.shop}))


def draft_of(found: Sequence[FoundTable]) -> Draft:
    """Declare what can be declared of the tables that a database has.

    A table to which others refer by a foreign key becomes a dimension. One that refers to others
    becomes a fact where nothing refers to it, or where it holds amounts. The rest are dimensions.
    """
    left_out: list[str] = []
    shop = tuple(_linked(found, {table.name: table for table in _fit(found, left_out)}))
    star: list[StarTable] = []
    for table in _star(shop):
        if faults := list(faults_of_table(table, {table.name: table for table in shop})):
            left_out.append(f"{table.name}: {'; '.join(faults)}")
        else:
            star.append(table)
    return Draft(shop, tuple(star), tuple(left_out))


def _fit(found: Iterable[FoundTable], left_out: list[str]) -> Iterator[ShopTable]:
    """Give the tables that can be followed, as yet without what they refer to."""
    for table in found:
        kinds = {column.name: _type_of(column) for column in table.columns}
        of_key = kinds[table.key[0]] if len(table.key) == 1 else None
        if of_key is None or of_key not in KEYS:
            key = ", ".join(table.key) or "there is none"
            left_out.append(f"{table.name}: its primary key is no integer or bigint ({key})")
            continue
        declared = [shop_columns.key(table.key[0], table.name, of_key)]
        for column in table.columns:
            kind = kinds[column.name]
            if kind is None:
                left_out.append(f"{table.name}.{column.name}: nothing here holds {column.type}")
            elif column.name in OF_HEDGEHOG:
                left_out.append(f"{table.name}.{column.name}: Hedgehog adds that name itself")
            elif column.name not in table.key:
                declared.append(_declared(column, kind))
        fit = ShopTable(table.name, table.comment or f"Rows of {table.name}.", tuple(declared))
        if faults := list(faults_of_shop([fit])):
            left_out.append(f"{table.name}: {'; '.join(faults)}")
        else:
            yield fit


def _declared(column: FoundColumn, kind: ColumnType) -> Column:
    described = column.comment or f"{column.name.replace('_', ' ').capitalize()}."
    return Column(column.name, kind, described, nullable=not column.not_null)


def _type_of(column: FoundColumn) -> ColumnType | None:
    """Give the type that holds a column's values, None where none does."""
    if column.category in _TEXTS:
        return TEXT
    if column.base != "numeric":
        return _TYPES.get(column.base)
    found = _NUMERIC.fullmatch(column.type)
    digits, decimals = map(int, found.groups()) if found else (_MOST_DIGITS, _MOST_DECIMALS)
    held = 0 <= decimals <= min(_MOST_DECIMALS, digits) and digits <= _MOST_DIGITS
    return decimal(digits, decimals) if held else None


def _linked(found: Iterable[FoundTable], fit: Mapping[str, ShopTable]) -> Iterator[ShopTable]:
    """Give the tables that are fit with what their columns refer to."""
    for table in found:
        if table.name not in fit:
            continue
        parents = {
            column.name: column.refers_to
            for column in table.columns
            if column.refers_to in fit and column.name not in table.key
        }

        def linked(column: Column, parents: Mapping[str, str | None] = parents) -> Column:
            parent = parents.get(column.name)
            if parent is None or fit[parent].key_type != column.type:
                return column
            return shop_columns.reference(
                column.name, parent, nullable=column.nullable, kind=column.type
            )

        declared = fit[table.name]
        yield replace(declared, columns=tuple(map(linked, declared.columns)))


def _star(shop: Sequence[ShopTable]) -> Iterator[StarTable]:
    parents = {
        table.name: {c.references for c in table.columns if c.references} - {table.name}
        for table in shop
    }
    referred = set[str]().union(*parents.values())
    facts = [
        table
        for table in shop
        if parents[table.name] and (table.name not in referred or _holds_amounts(table))
    ]
    dimensions = [table for table in shop if table not in facts or table.name in referred]
    yield from map(_dimension, dimensions)
    names = {table.name for table in dimensions}
    for table in facts:
        yield _fact(table, names)


def _holds_amounts(table: ShopTable) -> bool:
    return any(pa.types.is_decimal(column.type.arrow) for column in table.columns)


def _dimension(table: ShopTable) -> Dimension:
    name, (key, *others) = table.name, table.columns
    columns = [star_columns.key(f"{name}.{key.name}", f"Key of the {name}.", kind=key.type)]
    for other in others:
        source = f"{name}.{other.name}"
        if other.type == TEXT:
            columns.append(star_columns.like(source, other.description, nullable=other.nullable))
        else:
            kind = _in_star(other.type)
            columns.append(star_columns.column(source, kind, other.description, nullable=True))
    return Dimension(_name("dim", name), table.description, tuple(columns), (name,))


def _fact(table: ShopTable, dimensions: Collection[str]) -> Fact:
    name, (key, *others) = table.name, table.columns
    columns = [star_columns.key(f"{name}.{key.name}", f"Key of the {name}.", kind=key.type)]
    for other in others:
        source, kind = f"{name}.{other.name}", _in_star(other.type)
        if other.references and other.references in dimensions:
            parent = _name("dim", other.references)
            columns.append(
                star_columns.reference(source, parent, nullable=other.nullable, kind=kind)
            )
        else:
            columns.append(
                star_columns.column(source, kind, other.description, nullable=other.nullable)
            )
    stamps = [c.name for c in columns if c.type == MOMENT and not c.nullable]
    return Fact(
        _name("fact", name),
        table.description,
        tuple(columns),
        (name,),
        serial=f"{name.lower()}_record_id",
        version=tuple([stamp for stamp in stamps if _STAMP.search(stamp)][:1]),
    )


def _in_star(kind: ColumnType) -> ColumnType:
    return MOMENT if kind == SHOP_TIME else kind


def _name(kind: str, table: str) -> str:
    return f"{kind}_{table.lower()}"
