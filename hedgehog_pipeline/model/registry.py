"""The chosen model: the package that declares a shop, its star, and how one becomes the other.

`HEDGEHOG_MODEL` names it (docs/your-own-shop.md). Its tables are read when they are first asked
for, once in a process: by then the command has read its `.env` file.
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
    """Tables by name, in the order of their declaration, read when they are first asked for."""

    def __init__(self, read: Callable[[], Iterable[_Table]]) -> None:
        self._read = read

    @cached_property
    def data(self) -> dict[str, _Table]:  # pyright: ignore[reportIncompatibleVariableOverride]
        """The tables."""
        return {table.name: table for table in self._read()}


def module_name(part: str) -> str:
    """Name a module of the chosen model, as Python imports it."""
    return f"{Settings.from_environment().model}.{part}"


def module(part: str) -> ModuleType:
    """Import a module of the chosen model.

    Args:
        part: shop, star, dimensions or facts.

    Raises:
        HedgehogError: where it cannot be imported.
    """
    name = module_name(part)
    try:
        return import_module(name)
    except ImportError as error:
        raise HedgehogError(
            f"The module {name} cannot be imported ({error}). HEDGEHOG_MODEL has to name a package "
            "that Python finds (PYTHONPATH) and that holds the modules shop, star, dimensions and "
            "facts; docs/your-own-shop.md shows one."
        ) from error


def report_of_model() -> ModuleType | None:
    """Import the module `report` of the chosen model, None where it has none.

    Its `definitions(deployment)` are the Dagster definitions that it adds, and
    `make(deployment)` makes it.
    """
    return module("report") if find_spec(module_name("report")) else None


def tables_of(
    part: str,
    kinds: tuple[type[_Table], ...],
    faults_of: Callable[[tuple[_Table, ...]], Iterator[str]],
) -> tuple[_Table, ...]:
    """Read the tables that a module of the chosen model declares.

    Args:
        part: shop or star.
        kinds: what each of them may be.
        faults_of: tells what is wrong with them, a clause for each fault.

    Raises:
        HedgehogError: where there are none, or where something is wrong; names every fault.
    """
    name, tables = module_name(part), getattr(module(part), "TABLES", None)
    if not isinstance(tables, tuple) or not all(isinstance(table, kinds) for table in tables):
        wanted = " and ".join(kind.__name__ for kind in kinds)
        raise HedgehogError(
            f"{name} has no TABLES, a tuple of {wanted}; declare it (docs/your-own-shop.md)."
        )
    if faults := list(faults_of(tables)):
        raise HedgehogError(
            f"The declarations in {name} do not hold together: {'; '.join(faults)}. "
            "Correct them (docs/your-own-shop.md says what each means)."
        )
    return tables
