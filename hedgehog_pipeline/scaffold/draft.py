"""A model to begin with: what can be declared of a shop, and the star that is made of it."""

from collections.abc import Sequence
from dataclasses import dataclass

from hedgehog_pipeline.model.star_validation import validate_star, validate_table
from hedgehog_pipeline.model.tables import SourceTable, StarTable
from hedgehog_pipeline.scaffold.catalog import FoundTable
from hedgehog_pipeline.scaffold.shop import declared_shop
from hedgehog_pipeline.scaffold.star import declared_star


@dataclass(frozen=True)
class Draft:
    """A model to begin with.

    Attributes:
        shop: the tables that can be followed.
        star: dimensions, then facts.
        left_out: a clause for each table and column that is not declared, with its reason.
        faults: a clause for each thing that a person has to mend before the star holds together.
    """

    shop: tuple[SourceTable, ...]
    star: tuple[StarTable, ...]
    left_out: tuple[str, ...]
    faults: tuple[str, ...]


def draft_of(found: Sequence[FoundTable]) -> Draft:
    """Declare what can be declared of the tables that a database has."""
    left_out: list[str] = []
    shop = declared_shop(found, left_out)
    by_name = {table.name: table for table in shop}
    star: list[StarTable] = []
    for table in declared_star(shop):
        if faults := list(validate_table(table, by_name)):
            left_out.append(f"{table.name}: {'; '.join(faults)}")
        else:
            star.append(table)
    return Draft(shop, tuple(star), tuple(left_out), tuple(validate_star(star, by_name)))
