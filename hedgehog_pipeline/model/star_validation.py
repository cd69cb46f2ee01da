"""Validation of the declared star tables: one clause for each error."""

import re
from collections.abc import Iterator, Mapping, Sequence

from hedgehog_pipeline.model.columns import DATE, NAIVE_TIMESTAMP, TEXT_DATE, Column
from hedgehog_pipeline.model.source_validation import duplicates, reserved_names
from hedgehog_pipeline.model.tables import (
    DELETED,
    INGESTION_COMMIT,
    PROCESSED_COMMIT,
    Dimension,
    Fact,
    SourceTable,
    StarTable,
)

_NAME = re.compile("[a-z_][a-z0-9_]{,43}")
"""Needs no quotes, and fits PostgreSQL's 63 bytes with the prefix `staging_quarantine_`."""

_MAX_LENGTH = 63
"""PostgreSQL cuts longer names."""

_RESERVED = {
    *(column.name for column in (INGESTION_COMMIT, PROCESSED_COMMIT, DELETED)),
    "inferred",
    "inferred_since",
}
_RESERVED_BY_DAGSTER = {"config", "context", "input", "lake", "log", "output", "type", "warehouse"}
"""Other parameters of the steps, and names that Dagster forbids."""


def validate_star(tables: Sequence[StarTable], source: Mapping[str, SourceTable]) -> Iterator[str]:
    """Yield the errors in the declarations of a star over these source tables."""
    yield from duplicates("the table", [table.name for table in tables])
    if not any(column.references for table in tables for column in table.columns):
        yield "no fact refers to a dimension, so there is no star"
    known: dict[str, StarTable] = {}
    for table in tables:
        yield from validate_table(table, source)
        yield from _reference_errors(table, known)
        if isinstance(table, Fact):
            yield from _fact_errors(table)
        known[table.name] = table


def validate_table(table: StarTable, source: Mapping[str, SourceTable]) -> Iterator[str]:
    """Yield the errors in one star table that do not depend on other star tables."""
    if not _NAME.fullmatch(table.name) or table.name in _RESERVED_BY_DAGSTER:
        yield (
            f"the table name {table.name!r} must have at most 44 lower-case letters, digits and "
            f"underscores, and must not be one of {', '.join(sorted(_RESERVED_BY_DAGSTER))}"
        )
    yield from duplicates(f"the column {table.name}.", [column.name for column in table.columns])
    yield from reserved_names(table.name, table.columns, _RESERVED)
    for column in table.columns:
        if column.type in {TEXT_DATE, NAIVE_TIMESTAMP}:
            yield f"{table.name}.{column.name} has a type that is for source columns only"
    if unknown := [name for name in table.inputs if name not in source]:
        for name in unknown:
            yield f"{table.name}: input {name!r} is not a declared source table"
        return
    if not table.inputs or not table.columns:
        yield f"{table.name} needs at least one input (a source table) and a key column"
        return
    for column in table.columns:
        yield from _lineage_errors(table, column, source)
    if isinstance(table, Fact) or table.key.type != DATE:
        yield from _key_errors(table, source[table.inputs[0]])
    if table.as_of:
        yield from _join_errors(table, [source[name] for name in table.inputs])


def _lineage_errors(
    table: StarTable, column: Column, source: Mapping[str, SourceTable]
) -> Iterator[str]:
    for reference in column.sources:
        name, _, of = reference.partition(".")
        if name not in table.inputs or of not in {known.name for known in source[name].columns}:
            yield (
                f"{table.name}.{column.name}: source {reference!r} is not a column of the table's "
                "inputs"
            )


def _key_errors(table: StarTable, subject: SourceTable) -> Iterator[str]:
    source = f"{subject.name}.{subject.key}"
    if table.key.sources != (source,) or table.key.type != subject.key_type or table.key.nullable:
        yield (
            f"the first column of {table.name} must be its key: {source}, {subject.key_type.sql} "
            "not null (or a date, for a date dimension)"
        )
    if len(table.inputs) > 1 and not table.as_of:
        yield f"{table.name} has several inputs: set `as_of=True` to join them as of a commit"


def _join_errors(table: StarTable, inputs: Sequence[SourceTable]) -> Iterator[str]:
    subject, *parents = inputs
    referred = [column.references for column in subject.columns]
    if not parents:
        yield f"{table.name} has `as_of=True` but only one input"
    for parent in parents:
        if referred.count(parent.name) != 1:
            yield (
                f"{table.name} joins {parent.name}: exactly one column of {subject.name} must "
                "refer to it"
            )


def _reference_errors(table: StarTable, known: Mapping[str, StarTable]) -> Iterator[str]:
    for column in table.columns:
        if column.references is None:
            continue
        dimension, name = known.get(column.references), f"{table.name}.{column.name}"
        if not isinstance(dimension, Dimension):
            yield f"{name} refers to {column.references}, which is not a dimension declared before"
        elif dimension.key.type != column.type:
            yield (
                f"{name} is {column.type.sql} but refers to {dimension.name}, whose key is "
                f"{dimension.key.type.sql}"
            )
        else:
            yield from _inferred_member_errors(dimension, name)
        if not isinstance(table, Fact):
            yield f"{name} refers to {column.references}, but only a fact may refer to a dimension"
        constraint = f"{table.name}_{column.name}_fkey"
        if len(constraint) > _MAX_LENGTH:
            yield f"{name}: its foreign key {constraint} has a name longer than {_MAX_LENGTH} bytes"


def _inferred_member_errors(dimension: Dimension, reference: str) -> Iterator[str]:
    for column in dimension.columns[1:]:
        if not (column.nullable or column.unknown or column.default):
            yield (
                f"{dimension.name}.{column.name} has no `unknown` and is not nullable, but an "
                f"inferred member (for {reference}) needs a value"
            )


def _fact_errors(table: Fact) -> Iterator[str]:
    if len(table.inputs) != 1 or table.as_of:
        yield f"{table.name} is a fact: it must have exactly one input and no `as_of`"
    if not table.serial or table.serial in {column.name for column in table.columns}:
        yield f"{table.name} needs a `serial`: the name of its serial key, not a declared column"
    if not any(column.references for column in table.columns):
        yield f"{table.name} is a fact but refers to no dimension"
    needed = {column.name for column in table.columns if not column.nullable}
    for name in table.version:
        if name not in needed:
            yield f"{table.name}: version column {name!r} is not one of its not-null columns"
