"""Draft declarations of the source tables that a database has."""

import re
from collections.abc import Iterable, Iterator, Sequence
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
from hedgehog_pipeline.model.source_validation import RESERVED_COLUMNS, validate_source
from hedgehog_pipeline.model.tables import KEYS, SourceTable
from hedgehog_pipeline.scaffold.catalog import DraftColumn, DraftTable

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
"""PostgreSQL's categories of types that are captured as text: strings of any kind, enums."""

_NUMERIC = re.compile(r"numeric\((\d+),(-?\d+)\)")
_MAX_DIGITS, _MAX_DECIMALS = 38, 6


def draft_source(found: Sequence[DraftTable], left_out: list[str]) -> tuple[SourceTable, ...]:
    """Declare the tables that can be captured, with their references.

    Args:
        found: the tables of the database.
        left_out: is extended by the name and reason of each table and column not declared.
    """
    tables = {table.name: table for table in _without_references(found, left_out)}
    parents = {(t.name, c.name): tables.get(c.refers_to or "") for t in found for c in t.columns}
    declared: list[SourceTable] = []
    for table in tables.values():
        own, *others = table.columns
        columns = [_with_reference(other, parents[table.name, other.name]) for other in others]
        declared.append(replace(table, columns=(own, *columns)))
    return tuple(declared)


def _without_references(found: Iterable[DraftTable], left_out: list[str]) -> Iterator[SourceTable]:
    """Yield the tables that can be captured, without their references."""
    for table in found:
        kinds = {column.name: _type_of(column) for column in table.columns}
        key_type = kinds[table.key[0]] if len(table.key) == 1 else None
        if key_type is None or key_type not in KEYS:
            named = ", ".join(table.key) or "none"
            reason = f"its primary key is not one integer or bigint column ({named})"
            left_out.append(f"{table.name}: {reason}")
            continue
        declared = [key(table.key[0], table.name, key_type)]
        for column in table.columns:
            kind, name = kinds[column.name], f"{table.name}.{column.name}"
            if kind is None:
                left_out.append(f"{name}: Hedgehog has no type for {column.type}")
            elif column.name in RESERVED_COLUMNS:
                left_out.append(f"{name}: Hedgehog adds a column of that name itself")
            elif column.name not in table.key:
                declared.append(_declared(column, kind))
        description = table.comment or f"Rows of {table.name}."
        declaration = SourceTable(table.name, description, tuple(declared))
        if errors := list(validate_source([declaration])):
            left_out.append(f"{table.name}: {'; '.join(errors)}")
        else:
            yield declaration


def _declared(column: DraftColumn, kind: ColumnType) -> Column:
    description = column.comment or f"{column.name.replace('_', ' ').capitalize()}."
    return Column(column.name, kind, description, nullable=not column.not_null)


def _type_of(column: DraftColumn) -> ColumnType | None:
    """Return the declared type for a column, None if there is none."""
    if column.category in _TEXTS:
        return TEXT
    if column.base != "numeric":
        return _TYPES.get(column.base)
    found = _NUMERIC.fullmatch(column.type)
    digits, decimals = map(int, found.groups()) if found else (_MAX_DIGITS, _MAX_DECIMALS)
    fits = 0 <= decimals <= min(_MAX_DECIMALS, digits) and digits <= _MAX_DIGITS
    return decimal(digits, decimals) if fits else None


def _with_reference(column: Column, parent: SourceTable | None) -> Column:
    """Return a column as a reference to a captured table, if it has the type of its key."""
    if parent is None or parent.key_type != column.type:
        return column
    return reference(column.name, parent.name, nullable=column.nullable, kind=column.type)
