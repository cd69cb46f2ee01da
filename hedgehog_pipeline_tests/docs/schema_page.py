"""The page of both schemas, from the declarations.

`python -m hedgehog_pipeline_tests.docs.schema_page FILE` writes it.
"""

import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from hedgehog_pipeline.model.columns import Column
from hedgehog_pipeline.model.source import SOURCE
from hedgehog_pipeline.model.star import STAR, Dimension, Fact, StarTable
from hedgehog_pipeline.storage.ddl import stored_columns
from hedgehog_pipeline.storage.views import current_view
from hedgehog_pipeline_tests.docs import diagrams

_HEAD = """\
<!-- Made by `make schema` from the declarations: change those, not this page. -->

# The two schemas

What is declared of the shop and of the warehouse. Every column that may be empty says so; all
others hold a value. Moments and days are UTC.
"""
_SHOP_HEAD = """\
## The shop

The tables that are captured, with the columns that the star needs. A column beyond these is landed
all the same. The diagram shows the columns that hold keys.
"""
_STAR_HEAD = """\
## The warehouse

One star for each fact, on dimensions that the facts share. A dimension holds the newest row of each
key. A fact holds every version of a row that was captured, and its view `..._current` the one
captured last of what the shop still holds.
"""
_TECHNICAL_HEAD = """\
## Columns of every table

These stand behind the columns that are listed below with each table.
"""


def schema_page() -> str:
    """Write the whole page."""
    return "\n".join([_HEAD, *_shop(), *_warehouse()])


def _shop() -> Iterator[str]:
    yield _SHOP_HEAD
    yield _mermaid(diagrams.of_shop(SOURCE.values()))
    for table in SOURCE.values():
        yield f"### {table.name}\n\n{table.description}\n"
        rows = ((c.name, c.type.sql, _meaning(c)) for c in table.columns)
        yield _table(("column", "type", "meaning"), rows)


def _warehouse() -> Iterator[str]:
    yield _STAR_HEAD
    facts = [table for table in STAR.values() if isinstance(table, Fact)]
    for fact in facts:
        yield f"{_name(fact.name)} with its dimensions:\n"
        yield _mermaid(diagrams.of_star(fact, STAR))
    yield _TECHNICAL_HEAD
    yield _table(("column", "type", "of", "meaning"), _technical(STAR.values()))
    for table in STAR.values():
        yield f"### {table.name}\n\n{table.description} {_made(table)}\n"
        rows = ((c.name, c.type.sql, _meaning(c), _sources(c)) for c in table.columns)
        yield _table(("column", "type", "meaning", "made of"), rows)


def _technical(tables: Iterable[StarTable]) -> Iterator[tuple[str, str, str, str]]:
    """Tell the columns that stand behind the declared ones, and of which tables."""
    held: dict[Column, set[type[StarTable]]] = {}
    for table in tables:
        for column in stored_columns(table)[len(table.columns) :]:
            held.setdefault(column, set()).add(type(table))
    for column, kinds in held.items():
        whose = "all" if len(kinds) > 1 else "dimensions" if Dimension in kinds else "facts"
        yield column.name, column.type.sql, whose, _meaning(column)


def _made(table: StarTable) -> str:
    inputs = ", ".join(_name(name) for name in table.inputs)
    told = f"Made of {inputs}"
    if table.as_of:
        told += ", joined as they stood at a commit"
    identity = ", ".join(f"`{name}`" for name in table.identity)
    told += f"; one row for each {identity}."
    if isinstance(table, Fact):
        told += f" Its own key is `{table.serial}` (serial), its view `{current_view(table)}`."
    return told


def _meaning(column: Column) -> str:
    told = column.description
    if column.references:
        told += f" &rarr; {_name(column.references)}"
    return f"{told} May be empty." if column.nullable else told


def _sources(column: Column) -> str:
    tables = list(dict.fromkeys(source.partition(".")[0] for source in column.sources))
    if len(tables) > 1:
        return ", ".join(map(_name, tables))
    return ", ".join(f"`{source}`" for source in column.sources)


def _name(table: str) -> str:
    return f"[{table}](#{table})"


def _mermaid(diagram: str) -> str:
    return f"```mermaid\n{diagram}\n```\n"


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines) + "\n"


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(schema_page(), encoding="utf-8")
