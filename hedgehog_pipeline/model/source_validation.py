"""Validation of the declared source tables: one clause for each error."""

import re
from collections.abc import Iterator, Sequence

from hedgehog_pipeline.model.columns import Column
from hedgehog_pipeline.model.tables import DELETED, INGESTION_COMMIT, KEYS, SourceTable

RESERVED_COLUMNS = {INGESTION_COMMIT.name, DELETED.name}
"""The columns that Hedgehog adds to every source table that it reads."""

_NAME = re.compile("[A-Za-z_][A-Za-z0-9_]*")


def validate_source(tables: Sequence[SourceTable]) -> Iterator[str]:
    """Yield the errors in the declarations of source tables."""
    names = [table.name for table in tables]
    yield from duplicates("the table", names)
    for table in tables:
        if not _NAME.fullmatch(table.name):
            yield f"the table name {table.name!r} may only have letters, digits and underscores"
        yield from duplicates(f"the column {table.name}.", [c.name for c in table.columns])
        key = table.columns[0] if table.columns else None
        if key is None or key.type not in KEYS or key.nullable:
            yield (
                f"the first column of {table.name} must be its primary key, a not-null integer or "
                "bigint"
            )
        if len(table.columns) == 1:
            yield f"{table.name} declares no column except its key"
        yield from reserved_names(table.name, table.columns, RESERVED_COLUMNS)
        for column in table.columns:
            if column.references and column.references not in names:
                yield (
                    f"{table.name}.{column.name} refers to {column.references}, which is not a "
                    "declared table"
                )


def duplicates(what: str, names: Sequence[str]) -> Iterator[str]:
    """Yield an error for each name that is declared more than once."""
    for name in dict.fromkeys(names):
        if names.count(name) > 1:
            yield f"{what}{'' if what.endswith('.') else ' '}{name} is declared twice"


def reserved_names(table: str, columns: Sequence[Column], reserved: set[str]) -> Iterator[str]:
    """Yield an error for each column with the name of a column that Hedgehog adds itself."""
    for column in columns:
        if column.name in reserved:
            yield (
                f"{table}.{column.name} cannot be declared: Hedgehog adds a column of that name "
                "itself"
            )
