"""The chosen model: the package that declares a source, its star schema and its transforms.

`HEDGEHOG_MODEL` names it (docs/your-own-shop.md). Its tables are loaded on first use, once per
process: by then the command has read its `.env` file.
"""

from collections import UserDict
from collections.abc import Callable, Iterable, Iterator
from functools import cached_property
from importlib import import_module
from importlib.util import find_spec
from types import ModuleType
from typing import TypeVar

from hedgehog_pipeline.errors import HedgehogError
from hedgehog_pipeline.model.tables import SourceTable, StarTable
from hedgehog_pipeline.settings import Settings

_Table = TypeVar("_Table", bound=SourceTable | StarTable)


class TableRegistry(UserDict[str, _Table]):
    """Tables by name, in declaration order, loaded on first use."""

    def __init__(self, load: Callable[[], Iterable[_Table]]) -> None:
        self._load = load

    @cached_property
    def data(self) -> dict[str, _Table]:  # pyright: ignore[reportIncompatibleVariableOverride]
        """The tables by name."""
        return {table.name: table for table in self._load()}


def module_name(part: str) -> str:
    """Return the import name of a module of the chosen model."""
    return f"{Settings.from_environment().model}.{part}"


def module(part: str) -> ModuleType:
    """Import a module of the chosen model.

    Args:
        part: `shop`, `star`, `dimensions` or `facts`.

    Raises:
        HedgehogError: if it cannot be imported.
    """
    name = module_name(part)
    try:
        return import_module(name)
    except ImportError as error:
        raise HedgehogError(
            f"The module {name} cannot be imported ({error}). HEDGEHOG_MODEL must name a package "
            "on Python's path (PYTHONPATH) with the modules shop, star, dimensions and facts; "
            "docs/your-own-shop.md has an example."
        ) from error


def report_of_model() -> ModuleType | None:
    """Import the module `report` of the chosen model; None if it has none.

    Its `definitions(deployment)` returns the Dagster definitions that it adds, and
    `make(deployment)` renders the report.
    """
    return module("report") if find_spec(module_name("report")) else None


def load_tables(
    part: str,
    kinds: tuple[type[_Table], ...],
    validate: Callable[[tuple[_Table, ...]], Iterator[str]],
) -> tuple[_Table, ...]:
    """Load and validate the tables that a module of the chosen model declares.

    Args:
        part: `shop` or `star`.
        kinds: the classes that are allowed.
        validate: yields a clause for each error in the declarations.

    Raises:
        HedgehogError: if there are none, or if any is wrong; the message lists every error.
    """
    name, tables = module_name(part), getattr(module(part), "TABLES", None)
    if not isinstance(tables, tuple) or not all(isinstance(table, kinds) for table in tables):
        wanted = " and ".join(kind.__name__ for kind in kinds)
        raise HedgehogError(
            f"{name} has no TABLES: declare a tuple of {wanted} (docs/your-own-shop.md)."
        )
    if errors := list(validate(tables)):
        raise HedgehogError(
            f"The declarations in {name} are not consistent: {'; '.join(errors)}. "
            "Correct them (docs/your-own-shop.md explains each rule)."
        )
    return tables
