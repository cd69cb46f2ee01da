"""What keeps declared tables of a shop from holding together, a clause for each fault."""

import re
from collections.abc import Iterator, Sequence

from hedgehog_pipeline.model.columns import Column
from hedgehog_pipeline.model.tables import DELETED, INGESTION_COMMIT, KEYS, SourceTable

OF_HEDGEHOG = {INGESTION_COMMIT.name, DELETED.name}
"""The columns that Hedgehog adds to each table that it reads."""

_NAME = re.compile("[A-Za-z_][A-Za-z0-9_]*")


def validate_source(tables: Sequence[SourceTable]) -> Iterator[str]:
    """Tell what is wrong with the tables of a shop."""
    names = [table.name for table in tables]
    yield from twice("the table", names)
    for table in tables:
        if not _NAME.fullmatch(table.name):
            yield f"the table {table.name!r} needs a name of letters, digits and underscores alone"
        yield from twice(f"the column {table.name}.", [column.name for column in table.columns])
        key = table.columns[0] if table.columns else None
        if key is None or key.type not in KEYS or key.nullable:
            yield f"{table.name} has to begin with its primary key, an integer or a bigint"
        if len(table.columns) == 1:
            yield f"{table.name} declares nothing but its key"
        yield from own_names(table.name, table.columns, OF_HEDGEHOG)
        for column in table.columns:
            if column.references and column.references not in names:
                yield f"{table.name}.{column.name} refers to {column.references}, which no table is"


def twice(what: str, names: Sequence[str]) -> Iterator[str]:
    """Tell which names stand more than once."""
    for name in dict.fromkeys(names):
        if names.count(name) > 1:
            yield f"{what}{'' if what.endswith('.') else ' '}{name} is declared twice"


def own_names(table: str, columns: Sequence[Column], taken: set[str]) -> Iterator[str]:
    """Tell which columns have the name of one that Hedgehog adds to a table itself."""
    for column in columns:
        if column.name in taken:
            yield (
                f"{table}.{column.name} has the name of a column that Hedgehog adds itself, so it "
                "cannot be declared"
            )
