"""Draft a star from the declared source tables."""

import re
from collections.abc import Collection, Iterator, Sequence

import pyarrow as pa

from hedgehog_pipeline.model.columns import NAIVE_TIMESTAMP, TEXT, TIMESTAMP, ColumnType
from hedgehog_pipeline.model.star_columns import column, key, like, reference
from hedgehog_pipeline.model.tables import Dimension, Fact, SourceTable, StarTable

_STAMP = re.compile("updat|modif|chang|alter")
"""Matches the name of a column that has the time of a row's last change."""


def draft_star(source: Sequence[SourceTable]) -> Iterator[StarTable]:
    """Declare the dimensions, then the facts.

    A table becomes a dimension if other tables refer to it by a foreign key. A table that refers to
    others becomes a fact if nothing refers to it, or if it has amounts. The rest are dimensions.
    """
    parents = {
        table.name: {c.references for c in table.columns if c.references} - {table.name}
        for table in source
    }
    referred = set[str]().union(*parents.values())
    facts = [
        table
        for table in source
        if parents[table.name] and (table.name not in referred or _has_amounts(table))
    ]
    dimensions = [table for table in source if table not in facts or table.name in referred]
    yield from map(_dimension, dimensions)
    names = {table.name for table in dimensions}
    for table in facts:
        yield _fact(table, names)


def _has_amounts(table: SourceTable) -> bool:
    return any(pa.types.is_decimal(c.type.arrow) for c in table.columns)


def _dimension(table: SourceTable) -> Dimension:
    name, (own, *others) = table.name, table.columns
    columns = [key(f"{name}.{own.name}", f"Key of the {name}.", kind=own.type)]
    for other in others:
        source = f"{name}.{other.name}"
        if other.type == TEXT:
            columns.append(like(source, other.description, nullable=other.nullable))
        else:
            kind = _in_star(other.type)
            columns.append(column(source, kind, other.description, nullable=True))
    return Dimension(_name("dim", name), table.description, tuple(columns), (name,))


def _fact(table: SourceTable, dimensions: Collection[str]) -> Fact:
    name, (own, *others) = table.name, table.columns
    columns = [key(f"{name}.{own.name}", f"Key of the {name}.", kind=own.type)]
    for other in others:
        source, kind = f"{name}.{other.name}", _in_star(other.type)
        if other.references and other.references in dimensions:
            parent = _name("dim", other.references)
            columns.append(reference(source, parent, nullable=other.nullable, kind=kind))
        else:
            columns.append(column(source, kind, other.description, nullable=other.nullable))
    stamps = [c.name for c in columns if c.type == TIMESTAMP and not c.nullable]
    return Fact(
        _name("fact", name),
        table.description,
        tuple(columns),
        (name,),
        serial=f"{name.lower()}_record_id",
        version=tuple([stamp for stamp in stamps if _STAMP.search(stamp)][:1]),
    )


def _in_star(kind: ColumnType) -> ColumnType:
    return TIMESTAMP if kind == NAIVE_TIMESTAMP else kind


def _name(kind: str, table: str) -> str:
    return f"{kind}_{table.lower()}"
