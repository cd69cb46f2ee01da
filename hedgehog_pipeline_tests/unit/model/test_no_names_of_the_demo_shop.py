"""Only the model of totesys and the sandbox, which creates the demo shop, name its tables."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import cast

import hedgehog_pipeline
from hedgehog_pipeline.model.star_columns import days
from hedgehog_pipeline.totesys import shop, star

_PACKAGE = Path(hedgehog_pipeline.__file__).parent
_MAY_KNOW = {_PACKAGE / "totesys", _PACKAGE / "report", _PACKAGE / "sandbox"}
_OF_ANY_SHOP = {column.name for column in days([])}
_WORDS = {"address", "transaction"}
"""A database has an address, a commit is a transaction."""
_NAMES = (
    {
        name
        for table in (*shop.TABLES, *star.TABLES)
        for name in (table.name, *(column.name for column in table.columns))
    }
    - _OF_ANY_SHOP
    - _WORDS
)
_WORD = re.compile(r"\w+")


def _named(source: Path) -> Iterator[str]:
    """The words of a module's code: identifiers and strings, without documentation."""
    for node in ast.walk(ast.parse(source.read_text())):
        if isinstance(node, ast.keyword) and node.arg == "examples":
            cast("ast.List", node.value).elts.clear()  # examples in the help
        elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            node.value.value = ""  # the text of a docstring
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield from _WORD.findall(node.value)
        elif isinstance(node, ast.Name):
            yield node.id
        elif isinstance(node, ast.Attribute):
            yield node.attr


def test_no_code_names_a_table_or_column_of_the_shop():
    modules = [m for m in _PACKAGE.rglob("*.py") if not _MAY_KNOW & set(m.parents)]
    assert len(modules) > 50
    found = {str(m.relative_to(_PACKAGE)): sorted(_NAMES & set(_named(m))) for m in modules}
    assert {module: names for module, names in found.items() if names} == {}
