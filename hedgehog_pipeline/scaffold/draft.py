"""Draft a first model: the source tables that can be declared, and a star made from them."""

from collections.abc import Sequence
from dataclasses import dataclass

from hedgehog_pipeline.model.star_validation import validate_star, validate_table
from hedgehog_pipeline.model.tables import SourceTable, StarTable
from hedgehog_pipeline.scaffold.catalog import DraftTable
from hedgehog_pipeline.scaffold.shop import draft_source
from hedgehog_pipeline.scaffold.star import draft_star


@dataclass(frozen=True)
class Draft:
    """A first model.

    Attributes:
        source: the source tables that can be captured.
        star: the dimensions, then the facts.
        left_out: for each table and column that is not declared, its name and the reason.
        faults: the errors in the star that a person has to fix.
    """

    source: tuple[SourceTable, ...]
    star: tuple[StarTable, ...]
    left_out: tuple[str, ...]
    faults: tuple[str, ...]


def draft_model(found: Sequence[DraftTable]) -> Draft:
    """Declare what can be declared of the tables of a database."""
    left_out: list[str] = []
    source = draft_source(found, left_out)
    by_name = {table.name: table for table in source}
    star: list[StarTable] = []
    for table in draft_star(source):
        if errors := list(validate_table(table, by_name)):
            left_out.append(f"{table.name}: {'; '.join(errors)}")
        else:
            star.append(table)
    return Draft(source, tuple(star), tuple(left_out), tuple(validate_star(star, by_name)))
