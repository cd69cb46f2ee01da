"""Short functions that declare the columns of a star table from source columns, `table.column`.

The column has the name of its source column unless another one is given.
"""

from collections.abc import Sequence

from hedgehog_pipeline.model.columns import DATE, INTEGER, TEXT, Column, ColumnType
from hedgehog_pipeline.model.tables import NOT_KNOWN


def key(source: str, description: str, *, name: str = "", kind: ColumnType = INTEGER) -> Column:
    """Declare the key of a dimension or fact: the key of its source table."""
    return Column(name or _name(source), kind, description, sources=(source,))


def like(source: str, description: str, *, name: str = "", nullable: bool = False) -> Column:
    """Declare a text column; if it is not nullable, an inferred member has 'Not known'."""
    filler = None if nullable else f"'{NOT_KNOWN}'"
    name = name or _name(source)
    return Column(name, TEXT, description, nullable, sources=(source,), unknown=filler)


def column(
    source: str, kind: ColumnType, description: str, *, name: str = "", nullable: bool = False
) -> Column:
    """Declare a column of a fact, or a nullable column of a dimension."""
    return Column(name or _name(source), kind, description, nullable, sources=(source,))


def reference(
    source: str,
    dimension: str,
    *,
    name: str = "",
    nullable: bool = False,
    kind: ColumnType = INTEGER,
) -> Column:
    """Declare a column of a fact that contains the key of a dimension."""
    return Column(
        name or _name(source), kind, f"Key in {dimension}.", nullable, dimension, (source,)
    )


def day(
    source: str, dimension: str, description: str, *, name: str = "", nullable: bool = False
) -> Column:
    """Declare a column of a fact that contains a day, the key of a date dimension."""
    return Column(name or _name(source), DATE, description, nullable, dimension, (source,))


def days(mentions: Sequence[str]) -> tuple[Column, ...]:
    """Declare the columns of a date dimension (processing/frames.py computes them).

    Args:
        mentions: the source columns, `table.column`, whose days the dimension contains: dates, or
            timestamps, of which the UTC day counts.
    """
    sources = tuple(mentions)

    def of_day(name: str, kind: ColumnType, description: str, sql: str) -> Column:
        return Column(name, kind, description, sources=sources, unknown=sql)

    return (
        Column("date_id", DATE, "The day.", sources=sources),
        of_day("year", INTEGER, "Year.", "extract(year from date_id)"),
        of_day("month", INTEGER, "Month, 1 to 12.", "extract(month from date_id)"),
        of_day("day", INTEGER, "Day of the month.", "extract(day from date_id)"),
        of_day(
            "day_of_week", INTEGER, "ISO 8601 weekday, Monday 1.", "extract(isodow from date_id)"
        ),
        of_day("day_name", TEXT, "English weekday.", "to_char(date_id, 'FMDay')"),
        of_day("month_name", TEXT, "English month.", "to_char(date_id, 'FMMonth')"),
        of_day("quarter", INTEGER, "Quarter, 1 to 4.", "extract(quarter from date_id)"),
    )


def _name(source: str) -> str:
    return source.partition(".")[2]
