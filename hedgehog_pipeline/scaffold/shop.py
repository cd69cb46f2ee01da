"""What is declared of a shop's tables to begin with."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from hedgehog_pipeline.model.columns import (
    BIGINT,
    BOOLEAN,
    DATE,
    INTEGER,
    NAIVE_TIMESTAMP,
    TEXT,
    TIMESTAMP,
    Column,
    ColumnType,
    decimal,
)
from hedgehog_pipeline.model.source_columns import key, reference
from hedgehog_pipeline.model.source_validation import OF_HEDGEHOG, validate_source
from hedgehog_pipeline.model.tables import KEYS, SourceTable
from hedgehog_pipeline.scaffold.catalog import FoundColumn, FoundTable

_TYPES = {
    "smallint": INTEGER,
    "integer": INTEGER,
    "bigint": BIGINT,
    "boolean": BOOLEAN,
    "date": DATE,
    "timestamp with time zone": TIMESTAMP,
    "timestamp without time zone": NAIVE_TIMESTAMP,
}
_TEXTS = {"S", "E"}
"""PostgreSQL's categories of types whose value is its text: strings of any kind, enums."""

_NUMERIC = re.compile(r"numeric\((\d+),(-?\d+)\)")
_MAX_DIGITS, _MAX_DECIMALS = 38, 6


def declared_shop(found: Sequence[FoundTable], left_out: list[str]) -> tuple[SourceTable, ...]:
    """Declare the tables that can be followed, with what their columns refer to.

    Args:
        found: the tables that the database has.
        left_out: gets a clause for each table and column that is not declared, with its reason.
    """
    fit = {table.name: table for table in _fit(found, left_out)}
    links = {t.name: {c.name: c.refers_to for c in t.columns} for t in found}
    return tuple(_linked(table, links[table.name], fit) for table in fit.values())


def _fit(found: Iterable[FoundTable], left_out: list[str]) -> Iterator[SourceTable]:
    """Give the tables that can be followed, as yet without what they refer to."""
    for table in found:
        kinds = {column.name: _type_of(column) for column in table.columns}
        of_key = kinds[table.key[0]] if len(table.key) == 1 else None
        if of_key is None or of_key not in KEYS:
            named = ", ".join(table.key) or "there is none"
            left_out.append(f"{table.name}: its primary key is no integer or bigint ({named})")
            continue
        declared = [key(table.key[0], table.name, of_key)]
        for column in table.columns:
            kind = kinds[column.name]
            if kind is None:
                left_out.append(f"{table.name}.{column.name}: nothing here holds {column.type}")
            elif column.name in OF_HEDGEHOG:
                left_out.append(f"{table.name}.{column.name}: Hedgehog adds that name itself")
            elif column.name not in table.key:
                declared.append(_declared(column, kind))
        fit = SourceTable(table.name, table.comment or f"Rows of {table.name}.", tuple(declared))
        if faults := list(validate_source([fit])):
            left_out.append(f"{table.name}: {'; '.join(faults)}")
        else:
            yield fit


def _declared(column: FoundColumn, kind: ColumnType) -> Column:
    column_metadata = column.comment or f"{column.name.replace('_', ' ').capitalize()}."
    return Column(column.name, kind, column_metadata, nullable=not column.not_null)


def _type_of(column: FoundColumn) -> ColumnType | None:
    """Give the type that holds a column's values, None where none does."""
    if column.category in _TEXTS:
        return TEXT
    if column.base != "numeric":
        return _TYPES.get(column.base)
    found = _NUMERIC.fullmatch(column.type)
    digits, decimals = map(int, found.groups()) if found else (_MAX_DIGITS, _MAX_DECIMALS)
    held = 0 <= decimals <= min(_MAX_DECIMALS, digits) and digits <= _MAX_DIGITS
    return decimal(digits, decimals) if held else None


def _linked(
    table: SourceTable, links: Mapping[str, str | None], fit: Mapping[str, SourceTable]
) -> SourceTable:
    """Give a table whose columns say what they refer to, where that can be followed as well."""

    def linked(column: Column) -> Column:
        parent = fit.get(links[column.name] or "")
        if parent is None or parent.key_type != column.type:
            return column
        return reference(column.name, parent.name, nullable=column.nullable, kind=column.type)

    own, *others = table.columns
    return replace(table, columns=(own, *map(linked, others)))
