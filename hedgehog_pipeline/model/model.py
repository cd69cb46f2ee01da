"""A model: the package that declares a source, its star schema and its transforms.

`HEDGEHOG_MODEL` names it (docs/your-own-shop.md). It is loaded once and handed on.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from types import ModuleType
from typing import TypeVar

from hedgehog_pipeline.errors import HedgehogError
from hedgehog_pipeline.model.source_validation import validate_source
from hedgehog_pipeline.model.star_validation import validate_star
from hedgehog_pipeline.model.tables import Dimension, Fact, SourceTable, StarTable

_Table = TypeVar("_Table", bound=SourceTable | StarTable)


@dataclass(frozen=True, eq=False)
class Model:
    """The declared tables of a package, by name, in declaration order.

    Attributes:
        package: import name of the package.
        source: the source tables.
        star: the star tables of the warehouse. A dimension has the newest row of each key; a fact
            has every captured version of a row. Dimensions come before the facts that refer to
            them.
    """

    package: str
    source: Mapping[str, SourceTable]
    star: Mapping[str, StarTable]

    def module_name(self, part: str) -> str:
        """Return the import name of a module of the package."""
        return f"{self.package}.{part}"

    def module(self, part: str) -> ModuleType:
        """Import a module of the package: `dimensions` or `facts`.

        Raises:
            HedgehogError: if it cannot be imported.
        """
        return _module(self.package, part)

    def report(self) -> ModuleType | None:
        """Import the module `report` of the package; None if it has none.

        Its `definitions(deployment)` returns the Dagster definitions that it adds, and
        `make(deployment)` renders the report.
        """
        return self.module("report") if find_spec(self.module_name("report")) else None


@cache
def load_model(package: str) -> Model:
    """Load the tables that a package declares in its modules `shop` and `star`.

    Raises:
        HedgehogError: if a module cannot be imported, declares no tables, or declares any wrongly;
            the message lists every error.
    """
    source = _load_tables(package, "shop", (SourceTable,), validate_source)
    star = _load_tables(
        package, "star", (Dimension, Fact), lambda tables: validate_star(tables, source)
    )
    return Model(package, source, star)


def _module(package: str, part: str) -> ModuleType:
    name = f"{package}.{part}"
    try:
        return import_module(name)
    except ImportError as error:
        raise HedgehogError(
            f"The module {name} cannot be imported ({error}). HEDGEHOG_MODEL must name a package "
            "on Python's path (PYTHONPATH) with the modules shop, star, dimensions and facts; "
            "docs/your-own-shop.md has an example."
        ) from error


def _load_tables(
    package: str,
    part: str,
    kinds: tuple[type[_Table], ...],
    validate: Callable[[tuple[_Table, ...]], Iterator[str]],
) -> dict[str, _Table]:
    """Load and validate the tables of a module.

    Args:
        kinds: the classes that are allowed.
        validate: yields a clause for each error in the declarations.
    """
    name, tables = f"{package}.{part}", getattr(_module(package, part), "TABLES", None)
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
    return {table.name: table for table in tables}
