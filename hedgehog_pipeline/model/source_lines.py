"""Find the file and line of a declaration or a function of a model.

Modules are parsed, not imported: the transforms import pandas, which a process that only lists the
assets does not need.
"""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path, PurePosixPath

from hedgehog_pipeline.model.tables import Dimension, Fact, SourceTable

_DECLARING = {kind.__name__ for kind in (SourceTable, Dimension, Fact)}


@dataclass(frozen=True)
class SourceLine:
    """A line of a model.

    Attributes:
        module: import name of its module.
        file: absolute path on this machine.
        line: line number from 1, None if only the file is known.
    """

    module: str
    file: Path
    line: int | None = None

    @property
    def path(self) -> PurePosixPath:
        """The file, relative to the folder that contains the model's outermost package."""
        path = PurePosixPath(*self.module.split("."))
        return path / self.file.name if self.file.stem == "__init__" else path.with_suffix(".py")


def declaration(module: str, table: str) -> SourceLine | None:
    """Find where a module declares a table.

    Args:
        module: import name of the module.

    Returns:
        The line; the file alone if code builds the table's name; None without a file.
    """
    if (file := _file_of(module)) is None:
        return None
    lines = (line for name, line in _declarations(_parsed(file)) if name == table)
    return SourceLine(module, file, next(lines, None))


def definition(module: str, name: str) -> SourceLine | None:
    """Find where a module defines a name at its top level.

    Args:
        module: import name of the module.
        name: of a function, or of what is assigned or imported.

    Returns:
        The line, None if the module does not define the name.
    """
    if (file := _file_of(module)) is None:
        return None
    lines = (line for found, line in _definitions(_parsed(file)) if found == name)
    line = next(lines, None)
    return None if line is None else SourceLine(module, file, line)


def _file_of(name: str) -> Path | None:
    spec = find_spec(name)
    return Path(spec.origin) if spec and spec.origin and spec.has_location else None


@cache
def _parsed(file: Path) -> ast.Module:
    return ast.parse(file.read_bytes())


def _declarations(tree: ast.Module) -> Iterator[tuple[str, int]]:
    """Yield the name and line of each call that declares a table with a literal name."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and _last_word(node.func) in _DECLARING:
            named = [keyword.value for keyword in node.keywords if keyword.arg == "name"]
            for name in [*node.args[:1], *named]:
                if isinstance(name, ast.Constant) and isinstance(name.value, str):
                    yield name.value, node.lineno


def _last_word(function: ast.expr) -> str | None:
    """Return `Fact` for both `Fact` and `tables.Fact`."""
    if isinstance(function, ast.Attribute):
        return function.attr
    return function.id if isinstance(function, ast.Name) else None


def _definitions(tree: ast.Module) -> Iterator[tuple[str, int]]:
    """Yield each name that a module defines, assigns or imports, with its line."""
    for node in tree.body:
        if isinstance(node, ast.FunctionDef):
            yield node.name, node.lineno
        elif isinstance(node, ast.Assign):
            yield from ((t.id, node.lineno) for t in node.targets if isinstance(t, ast.Name))
        elif isinstance(node, ast.ImportFrom):
            yield from ((alias.asname or alias.name, node.lineno) for alias in node.names)
