"""The modules of a model, written as a person would write them."""

import ast
import json
from collections.abc import Iterable, Mapping

import pyarrow as pa

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
)
from hedgehog_pipeline.model.tables import Dimension, Fact, SourceTable, StarTable
from hedgehog_pipeline.printable import without_markup
from hedgehog_pipeline.scaffold.draft import Draft

_TYPES = {
    INTEGER: "INTEGER",
    BIGINT: "BIGINT",
    TEXT: "TEXT",
    BOOLEAN: "BOOLEAN",
    DATE: "DATE",
    TIMESTAMP: "TIMESTAMP",
    NAIVE_TIMESTAMP: "NAIVE_TIMESTAMP",
}
_OF_COLUMNS = dict.fromkeys([*_TYPES.values(), "Column", "decimal"], "columns")
_OF_SHOP = _OF_COLUMNS | {
    **dict.fromkeys(("key", "reference", "text"), "source_columns"),
    "SourceTable": "tables",
}
_OF_STAR = _OF_COLUMNS | {
    **dict.fromkeys(("column", "key", "like", "reference"), "star_columns"),
    **dict.fromkeys(("Dimension", "Fact"), "tables"),
}
"""Where each word stands, below hedgehog_pipeline.schema."""


def modules_of(draft: Draft) -> dict[str, str]:
    """Give the text of each module by its name."""
    dimensions = [table for table in draft.star if isinstance(table, Dimension)]
    facts = [table for table in draft.star if isinstance(table, Fact)]
    shop = [_table(table, [_in_shop(table, c) for c in table.columns]) for table in draft.shop]
    star = [_table(table, [_in_star(table, c) for c in table.columns]) for table in draft.star]
    return {
        "__init__": '"""What Hedgehog knows of a shop, and of the star that is made of it."""\n',
        "shop": _declarations("The tables of the shop.", shop, _OF_SHOP),
        "star": _declarations("The tables of the warehouse.", star, _OF_STAR),
        "dimensions": _functions("How the rows of the dimensions are made.", dimensions),
        "facts": _functions("How the rows of the facts are made.", facts),
    }


def _declarations(title: str, tables: Iterable[str], homes: Mapping[str, str]) -> str:
    body = f"TABLES = (\n{''.join(tables)})\n"
    used = {node.id for node in ast.walk(ast.parse(body)) if isinstance(node, ast.Name)}
    imports = [
        f"from hedgehog_pipeline.schema.{home} import {', '.join(words)}\n"
        for home in sorted(set(homes.values()))
        if (words := sorted((word for word in used if homes.get(word) == home), key=_as_imported))
    ]
    return f'"""{title}"""\n\n{"".join(imports)}\n{body}'


def _as_imported(word: str) -> tuple[bool, bool, str]:
    """Constants first, then classes, then functions, as import sorters have them."""
    return not word.isupper(), word.islower(), word


def _functions(title: str, tables: Iterable[StarTable]) -> str:
    functions = [
        f"\n\ndef {table.name}(rows: pd.DataFrame) -> pd.DataFrame:\n    return rows\n"
        for table in tables
    ]
    return f'"""{title}"""\n\nimport pandas as pd\n{"".join(functions)}'


def _table(table: SourceTable | StarTable, columns: Iterable[str]) -> str:
    arguments = [_text(table.name), _description(table)]
    lines = "".join(f"            {column},\n" for column in columns)
    arguments.append(f"(\n{lines}        )")
    if isinstance(table, StarTable):
        arguments.append(f"inputs={_tuple(table.inputs)}")
    if isinstance(table, Fact):
        arguments.append(f"serial={_text(table.serial)}")
        if table.version:
            arguments.append(f"version={_tuple(table.version)}")
    inner = "".join(f"        {argument},\n" for argument in arguments)
    return f"    {type(table).__name__}(\n{inner}    ),\n"


def _in_shop(table: SourceTable, column: Column) -> str:
    name, kind = _text(column.name), _type(column.type)
    wide = [kind] if column.type != INTEGER else []
    if column is table.columns[0]:
        return _call("key", name, _text(table.name), *wide)
    nullable = ["nullable=True"] if column.nullable else []
    if column.references:
        kinds = [f"kind={kind}" for kind in wide]
        return _call("reference", name, _text(column.references), *nullable, *kinds)
    if column.type == TEXT:
        return _call("text", name, _description(column), *nullable)
    return _call("Column", name, kind, _description(column), *nullable)


def _in_star(table: StarTable, column: Column) -> str:
    source, kind, column_metadata = (
        _text(column.sources[0]),
        _type(column.type),
        _description(column),
    )
    kinds = [f"kind={kind}"] if column.type != INTEGER else []
    nullable = ["nullable=True"] if column.nullable else []
    if column is table.columns[0]:
        return _call("key", source, column_metadata, *kinds)
    if column.references:
        return _call("reference", source, _text(column.references), *nullable, *kinds)
    if isinstance(table, Dimension) and column.type == TEXT:
        return _call("like", source, column_metadata, *nullable)
    return _call("column", source, kind, column_metadata, *nullable)


def _call(word: str, *arguments: str) -> str:
    return f"{word}({', '.join(arguments)})"


def _type(kind: ColumnType) -> str:
    if pa.types.is_decimal(kind.arrow):
        return f"decimal({kind.arrow.precision}, {kind.arrow.scale})"
    return _TYPES[kind]


def _description(of: SourceTable | StarTable | Column) -> str:
    """Write what the shop says of it, which a page shows as Markdown."""
    return _text(without_markup(of.description))


def _text(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _tuple(names: Iterable[str]) -> str:
    return f"({' '.join(f'{_text(name)},' for name in names)})"
