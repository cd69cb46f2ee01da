"""Entity relationship diagrams of the declared tables, in Mermaid."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby

from hedgehog_pipeline.model.columns import Column
from hedgehog_pipeline.model.source import SourceTable
from hedgehog_pipeline.model.star import Dimension, Fact


def of_source(tables: Iterable[SourceTable]) -> str:
    """Draw the source: each table with its key and the columns that refer to another table."""
    lines = ["erDiagram"]
    for table in tables:
        lines += _relations(table.name, table.columns)
        keys = [column for column in table.columns[1:] if column.references]
        lines += _entity(table.name, [_attribute(table.columns[0], "PK"), *map(_attribute, keys)])
    return "\n".join(lines)


def of_star(fact: Fact, tables: Mapping[str, Dimension | Fact]) -> str:
    """Draw a fact and the dimensions that it refers to, with all their columns."""
    referred = {column.references for column in fact.columns}
    own = f"        serial {fact.serial} PK"
    lines = ["erDiagram", *_relations(fact.name, fact.columns)]
    lines += _entity(fact.name, [own, *map(_attribute, fact.columns)])
    for table in tables.values():
        if table.name in referred:
            attributes = map(_attribute, table.columns[1:])
            lines += _entity(table.name, [_attribute(table.key, "PK"), *attributes])
    return "\n".join(lines)


def _entity(name: str, attributes: Sequence[str]) -> list[str]:
    return [f"    {name} {{", *attributes, "    }"]


def _relations(name: str, columns: Sequence[Column]) -> Iterator[str]:
    """Draw one line to each referenced table, for all columns that refer to it."""
    referring = sorted((c for c in columns if c.references), key=lambda c: str(c.references))
    for parent, group in groupby(referring, key=lambda column: column.references):
        references = list(group)
        one = "|o" if all(column.nullable for column in references) else "||"
        label = ", ".join(column.name for column in references)
        yield f'    {parent} {one}--o{{ {name} : "{label}"'


def _attribute(column: Column, mark: str = "") -> str:
    kind = column.type.sql.split("(")[0].split(" ")[0]
    mark = mark or ("FK" if column.references else "")
    return f"        {kind} {column.name} {mark}".rstrip()
