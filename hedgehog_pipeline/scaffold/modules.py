"""Render the Python modules of a drafted model, as a person would write them."""

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
_IN_COLUMNS = dict.fromkeys([*_TYPES.values(), "Column", "decimal"], "columns")
_IN_SOURCE = _IN_COLUMNS | {
    **dict.fromkeys(("key", "reference", "text"), "source_columns"),
    "SourceTable": "tables",
}
_IN_STAR = _IN_COLUMNS | {
    **dict.fromkeys(("column", "key", "like", "reference"), "star_columns"),
    **dict.fromkeys(("Dimension", "Fact"), "tables"),
}
"""The module of each imported name, in hedgehog_pipeline.model."""


def render_modules(draft: Draft) -> dict[str, str]:
    """Return the text of each module, by module name."""
    dimensions = [table for table in draft.star if isinstance(table, Dimension)]
    facts = [table for table in draft.star if isinstance(table, Fact)]
    source = [_table(t, [_source_column(t, c) for c in t.columns]) for t in draft.source]
    star = [_table(t, [_star_column(t, c) for c in t.columns]) for t in draft.star]
    return {
        "__init__": '"""The model: source tables, star schema and transforms."""\n',
        "shop": _declarations("The source tables.", source, _IN_SOURCE),
        "star": _declarations("The star tables of the warehouse.", star, _IN_STAR),
        "dimensions": _functions("The transforms of the dimensions.", dimensions),
        "facts": _functions("The transforms of the facts.", facts),
    }


def _declarations(title: str, tables: Iterable[str], modules: Mapping[str, str]) -> str:
    body = f"TABLES = (\n{''.join(tables)})\n"
    used = {node.id for node in ast.walk(ast.parse(body)) if isinstance(node, ast.Name)}
    imports = [
        f"from hedgehog_pipeline.model.{module} import {', '.join(names)}\n"
        for module in sorted(set(modules.values()))
        if (names := sorted((n for n in used if modules.get(n) == module), key=_import_order))
    ]
    return f'"""{title}"""\n\n{"".join(imports)}\n{body}'


def _import_order(name: str) -> tuple[bool, bool, str]:
    """Sort constants first, then classes, then functions, as import sorters do."""
    return not name.isupper(), name.islower(), name


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


def _source_column(table: SourceTable, column: Column) -> str:
    name, kind = _text(column.name), _type(column.type)
    kind_argument = [kind] if column.type != INTEGER else []
    if column is table.columns[0]:
        return _call("key", name, _text(table.name), *kind_argument)
    nullable = ["nullable=True"] if column.nullable else []
    if column.references:
        kinds = [f"kind={kind}" for kind in kind_argument]
        return _call("reference", name, _text(column.references), *nullable, *kinds)
    if column.type == TEXT:
        return _call("text", name, _description(column), *nullable)
    return _call("Column", name, kind, _description(column), *nullable)


def _star_column(table: StarTable, column: Column) -> str:
    source, kind = _text(column.sources[0]), _type(column.type)
    description = _description(column)
    kinds = [f"kind={kind}"] if column.type != INTEGER else []
    nullable = ["nullable=True"] if column.nullable else []
    if column is table.columns[0]:
        return _call("key", source, description, *kinds)
    if column.references:
        return _call("reference", source, _text(column.references), *nullable, *kinds)
    if isinstance(table, Dimension) and column.type == TEXT:
        return _call("like", source, description, *nullable)
    return _call("column", source, kind, description, *nullable)


def _call(function: str, *arguments: str) -> str:
    return f"{function}({', '.join(arguments)})"


def _type(kind: ColumnType) -> str:
    if pa.types.is_decimal(kind.arrow):
        return f"decimal({kind.arrow.precision}, {kind.arrow.scale})"
    return _TYPES[kind]


def _description(of: SourceTable | StarTable | Column) -> str:
    """Render its description without Markdown, because a page shows it as Markdown."""
    return _text(without_markup(of.description))


def _text(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _tuple(names: Iterable[str]) -> str:
    return f"({' '.join(f'{_text(name)},' for name in names)})"
