"""Columns and their types, in PostgreSQL and in Arrow."""

from dataclasses import dataclass

import pyarrow as pa

from hedgehog_pipeline.errors import HedgehogError

_MAX_DIGITS = 38
_MAX_DECIMALS = 6
"""Arrow writes smaller numbers differently from PostgreSQL (1E-7)."""


@dataclass(frozen=True)
class ColumnType:
    """A column type in PostgreSQL and in Arrow.

    Attributes:
        sql: the PostgreSQL type in DDL.
        arrow: the Arrow type of values in pandas and in Parquet.
        form: what the text of a value must be; part of the reason in the quarantine.
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
"""A date that the source stores as text, in ISO 8601."""
NAIVE_TIMESTAMP = ColumnType(
    "timestamp(3) without time zone",
    pa.timestamp("us", tz="UTC"),
    "a moment of the years 1 to 9999 without a time zone",
)
"""A naive `timestamp(3)` of the source. Its clocks run in UTC, so the values are in UTC."""


def decimal(digits: int, decimals: int) -> ColumnType:
    """Return the type `numeric(digits, decimals)`.

    Args:
        digits: number of digits in total, at most 38.
        decimals: number of digits after the decimal point, at most 6.

    Raises:
        HedgehogError: if one of them is out of range.
    """
    if not 0 <= decimals <= min(_MAX_DECIMALS, digits) or not 1 <= digits <= _MAX_DIGITS:
        raise HedgehogError(
            f"decimal({digits}, {decimals}) is not supported: declare 1 to {_MAX_DIGITS} digits, "
            f"of which 0 to {_MAX_DECIMALS} are after the decimal point."
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
        name: its name, the same in the database, in CSV and in Parquet.
        description: what a value means.
        nullable: whether a value may be NULL.
        references: the table whose key this column contains, if any.
        sources: the source columns (`table.column`) that it is computed from, for lineage.
        unknown: SQL expression over the key column for its value in an inferred member (Kimball:
            late arriving dimension); None: NULL.
        default: SQL expression for its value in rows older than the column; None: NULL.
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
    """Return the Arrow schema of these columns."""
    return pa.schema([pa.field(c.name, c.type.arrow, c.nullable) for c in columns])
