"""Columns and their types, in PostgreSQL's words and in Arrow's."""

from dataclasses import dataclass

import pyarrow as pa

from hedgehog_pipeline.errors import HedgehogError

_MAX_DIGITS = 38
_MAX_DECIMALS = 6
"""Arrow writes smaller numbers in another spelling than PostgreSQL (1E-7)."""


@dataclass(frozen=True)
class ColumnType:
    """A type as PostgreSQL declares it and as Arrow holds it.

    Attributes:
        sql: the PostgreSQL type in DDL.
        arrow: the Arrow type of values in pandas and in Parquet.
        form: what the text of a value has to be, where it is read from text.
    """

    sql: str
    arrow: pa.DataType
    form: str = ""


INTEGER = ColumnType("integer", pa.int32(), "a whole number of 32 bits")
BIGINT = ColumnType("bigint", pa.int64(), "a whole number of 64 bits")
TEXT = ColumnType("text", pa.string(), "text")
BOOLEAN = ColumnType("boolean", pa.bool_(), "t or f")
MONEY = ColumnType("numeric(10,2)", pa.decimal128(10, 2), "an amount below 10^8 with two decimals")
AMOUNT = ColumnType("numeric", pa.decimal128(10, 2), "an amount below 10^8 with two decimals")
DATE = ColumnType("date", pa.date32(), "a day of the years 1 to 9999")
TIME = ColumnType("time without time zone", pa.time64("us"), "a time of day before 24:00")
TIMESTAMP = ColumnType(
    "timestamp with time zone",
    pa.timestamp("us", tz="UTC"),
    "a moment of the years 1 to 9999 with a time zone",
)
TEXT_DATE = ColumnType("text", pa.date32(), "a date in the form YYYY-MM-DD")
"""The shop's dates, which it keeps as text: ISO 8601."""
NAIVE_TIMESTAMP = ColumnType(
    "timestamp(3) without time zone",
    pa.timestamp("us", tz="UTC"),
    "a moment of the years 1 to 9999 without a time zone",
)
"""The shop's naive `timestamp(3)`: its clocks run in UTC, so its values are UTC moments."""


def decimal(digits: int, decimals: int) -> ColumnType:
    """Give the type of exact numbers, `numeric(digits, decimals)`.

    Args:
        digits: how many there are in all, 38 at most.
        decimals: how many of them stand behind the point, 6 at most.

    Raises:
        HedgehogError: where there are more, or too few.
    """
    if not 0 <= decimals <= min(_MAX_DECIMALS, digits) or not 1 <= digits <= _MAX_DIGITS:
        raise HedgehogError(
            f"decimal({digits}, {decimals}) is no type that Hedgehog holds: declare 1 to "
            f"{_MAX_DIGITS} digits, 0 to {_MAX_DECIMALS} of them behind the point."
        )
    return ColumnType(
        f"numeric({digits},{decimals})",
        pa.decimal128(digits, decimals),
        f"a number below 10^{digits - decimals} with at most {decimals} decimals",
    )


@dataclass(frozen=True)
class Column:
    """A column of a table.

    Attributes:
        name: its name, the same in the database, the CSV and the Parquet.
        type: its type.
        description: what a value means.
        nullable: whether a value may be absent.
        references: the table whose key this column holds, if any.
        sources: the shop's columns (`table.column`) that it is made of, for lineage.
        unknown: the SQL expression of its value in an inferred member, over the key's column;
            None where the value is absent (Kimball: late arriving dimension).
        default: the SQL expression of its value in rows older than the column, None where they
            have none.
    """

    name: str
    type: ColumnType
    description: str
    nullable: bool = False
    references: str | None = None
    sources: tuple[str, ...] = ()
    unknown: str | None = None
    default: str | None = None


def arrow_schema(columns: tuple[Column, ...]) -> pa.Schema:
    """Give the Arrow schema that holds these columns."""
    return pa.schema([pa.field(c.name, c.type.arrow, c.nullable) for c in columns])
