"""What keeps declared tables of a star from holding together, a clause for each fault."""

import re
from collections.abc import Iterator, Mapping, Sequence

from hedgehog_pipeline.model.columns import DATE, NAIVE_TIMESTAMP, TEXT_DATE, Column
from hedgehog_pipeline.model.source_validation import own_names, twice
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
"""What stays a name of PostgreSQL's 63 bytes behind `staging_quarantine_`, without quotes."""

_MAX_LENGTH = 63
"""PostgreSQL cuts longer names."""

_TAKEN = {
    *(column.name for column in (INGESTION_COMMIT, PROCESSED_COMMIT, DELETED)),
    "inferred",
    "inferred_since",
}
_TAKEN_BY_DAGSTER = {"config", "context", "input", "lake", "log", "output", "type", "warehouse"}
"""What steps are handed beside their tables, and names that Dagster forbids."""


def validate_star(tables: Sequence[StarTable], shop: Mapping[str, SourceTable]) -> Iterator[str]:
    """Tell what is wrong with the tables of a star over these tables of a shop."""
    yield from twice("the table", [table.name for table in tables])
    if not any(column.references for table in tables for column in table.columns):
        yield "no fact refers to a dimension, so there is no star"
    known: dict[str, StarTable] = {}
    for table in tables:
        yield from validate_table(table, shop)
        yield from _references(table, known)
        if isinstance(table, Fact):
            yield from _faults_of_fact(table)
        known[table.name] = table


def validate_table(table: StarTable, shop: Mapping[str, SourceTable]) -> Iterator[str]:
    """Tell what is wrong with one table of a star, whatever the others are."""
    if not _NAME.fullmatch(table.name) or table.name in _TAKEN_BY_DAGSTER:
        yield (
            f"the table {table.name!r} needs a name of at most 44 small letters, digits and "
            f"underscores that is none of {', '.join(sorted(_TAKEN_BY_DAGSTER))}"
        )
    yield from twice(f"the column {table.name}.", [column.name for column in table.columns])
    yield from own_names(table.name, table.columns, _TAKEN)
    for column in table.columns:
        if column.type in {TEXT_DATE, NAIVE_TIMESTAMP}:
            yield f"{table.name}.{column.name} has a type that only the shop's columns have"
    if unknown := [name for name in table.inputs if name not in shop]:
        yield f"{table.name} is made of {', '.join(unknown)}, which no table of the shop is"
        return
    if not table.inputs or not table.columns:
        yield f"{table.name} needs a table of the shop that it is made of, and a key"
        return
    for column in table.columns:
        yield from _sources(table, column, shop)
    if isinstance(table, Fact) or table.key.type != DATE:
        yield from _key(table, shop[table.inputs[0]])
    if table.as_of:
        yield from _parents(table, [shop[name] for name in table.inputs])


def _sources(table: StarTable, column: Column, shop: Mapping[str, SourceTable]) -> Iterator[str]:
    for source in column.sources:
        name, _, of = source.partition(".")
        if name not in table.inputs or of not in {known.name for known in shop[name].columns}:
            yield (
                f"{table.name}.{column.name} is made of {source}, which no column of its inputs is"
            )


def _key(table: StarTable, subject: SourceTable) -> Iterator[str]:
    source = f"{subject.name}.{subject.key}"
    if table.key.sources != (source,) or table.key.type != subject.key_type or table.key.nullable:
        yield (
            f"{table.name} has to begin with its key, which is {source}, "
            f"{subject.key_type.sql} not null (or, of a dimension of days, a date)"
        )
    if len(table.inputs) > 1 and not table.as_of:
        yield f"{table.name} has several inputs, which it has to join as of a commit (`as_of`)"


def _parents(table: StarTable, inputs: Sequence[SourceTable]) -> Iterator[str]:
    subject, *parents = inputs
    referred = [column.references for column in subject.columns]
    if not parents:
        yield f"{table.name} is joined as of a commit and has one input alone"
    for parent in parents:
        if referred.count(parent.name) != 1:
            yield f"{table.name} joins {parent.name}, to which one column of {subject.name} refers"


def _references(table: StarTable, known: Mapping[str, StarTable]) -> Iterator[str]:
    for column in table.columns:
        if column.references is None:
            continue
        dimension, name = known.get(column.references), f"{table.name}.{column.name}"
        if not isinstance(dimension, Dimension):
            yield f"{name} refers to {column.references}, which no dimension before it is"
        elif dimension.key.type != column.type:
            yield (
                f"{name} is {column.type.sql} and refers to {dimension.name}, whose key is "
                f"{dimension.key.type.sql}"
            )
        else:
            yield from _inferable(dimension, name)
        if not isinstance(table, Fact):
            yield f"{name} refers to {column.references}, and only a fact may refer to a dimension"
        if len(f"{table.name}_{column.name}_fkey") > _MAX_LENGTH:
            yield f"{name} is too long a name for a foreign key, {table.name}_{column.name}_fkey"


def _inferable(dimension: Dimension, mentioned: str) -> Iterator[str]:
    for column in dimension.columns[1:]:
        if not (column.nullable or column.unknown or column.default):
            yield (
                f"{dimension.name}.{column.name} has no `unknown` and is not nullable, and a "
                f"member that {mentioned} mentions before it comes needs one"
            )


def _faults_of_fact(table: Fact) -> Iterator[str]:
    if len(table.inputs) != 1 or table.as_of:
        yield f"{table.name} is a fact, which is made of the rows of one table alone"
    if not table.serial or table.serial in {column.name for column in table.columns}:
        yield f"{table.name} needs a name of its own for its serial key"
    if not any(column.references for column in table.columns):
        yield f"{table.name} is a fact and refers to no dimension"
    needed = {column.name for column in table.columns if not column.nullable}
    for name in table.version:
        if name not in needed:
            yield f"{table.name} is versioned by {name}, which is no column of it that is not null"
