"""What a diagram shows of each table: a card with a row for each column."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from hedgehog_pipeline.model.columns import Column
from hedgehog_pipeline.model.tables import Fact, SourceTable, StarTable

Kind = Literal["source", "dimension", "fact"]


@dataclass(frozen=True)
class Row:
    """A column: its name, the first word of its type, and the table that it refers to."""

    name: str
    type: str
    key: bool = False
    references: str | None = None


@dataclass(frozen=True)
class Card:
    """A table."""

    name: str
    kind: Kind
    rows: tuple[Row, ...]

    @property
    def key(self) -> int:
        """The index of the row that other tables refer to."""
        return next(index for index, row in enumerate(self.rows) if row.key)

    @property
    def references(self) -> dict[int, str]:
        """The tables that it refers to, by the index of the row."""
        return {i: row.references for i, row in enumerate(self.rows) if row.references}


def source_cards(tables: Iterable[SourceTable]) -> list[Card]:
    """Return the cards of source tables."""
    return [Card(table.name, "source", _rows(table.columns)) for table in tables]


def star_cards(tables: Iterable[StarTable]) -> list[Card]:
    """Return the cards of dimensions and facts."""
    return [_fact(t) if isinstance(t, Fact) else _dimension(t) for t in tables]


def _dimension(table: StarTable) -> Card:
    return Card(table.name, "dimension", _rows(table.columns))


def _fact(table: Fact) -> Card:
    serial = Row(table.serial, "serial", key=True)
    return Card(table.name, "fact", (serial, *_rows(table.columns, key=None)))


def _rows(columns: Iterable[Column], key: int | None = 0) -> tuple[Row, ...]:
    return tuple(
        Row(column.name, re.split("[( ]", column.type.sql)[0], index == key, column.references)
        for index, column in enumerate(columns)
    )
