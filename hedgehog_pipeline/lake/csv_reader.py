"""Read a CSV part as typed rows; rows that cannot be read become quarantine entries with a reason.

COPY distinguishes NULL (nothing) from the empty string (two quotes). So does Arrow's reader with
the options below; pandas' reader cannot.
"""

import io
import re
from collections.abc import Iterable, Mapping
from csv import reader
from dataclasses import dataclass
from datetime import date, datetime, timezone
from decimal import Context, Decimal, DecimalException, Inexact, InvalidOperation
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv

from hedgehog_pipeline.errors import HedgehogError
from hedgehog_pipeline.lake.commits import Part
from hedgehog_pipeline.model.columns import (
    BOOLEAN,
    DATE,
    NAIVE_TIMESTAMP,
    TEXT,
    TEXT_DATE,
    TIME,
    TIMESTAMP,
    Column,
    arrow_schema,
)
from hedgehog_pipeline.model.side_tables import QUARANTINE_ARROW
from hedgehog_pipeline.model.tables import INGESTION_COMMIT, SourceTable

_Values = Any
"""An array of texts or of values; pyarrow's stubs know too few of its functions' overloads."""

_Decimal = Any
"""An Arrow decimal type."""

_NAIVE_TIME = pa.timestamp("us")
_TRUE, _FALSE = "t", "f"
_BLANKS = " \t"
"""Arrow's CSV reader ignores these around numbers and dates; its cast does not."""

_FIRST_DAY = date.min
_FIRST_TIME = datetime.min.replace(tzinfo=timezone.utc)
_LAST_TIME = datetime.max.replace(tzinfo=timezone.utc)
"""The limits of Python's dates; Arrow also has years before 1 and after 9999."""

_SOME_DAY = "1970-01-01"
"""Prefix for a time of day: Arrow parses one in CSV, but does not cast one from text."""

_INVALID_UTF8 = "has bytes that are not valid UTF-8"

_HEXADECIMAL = (b"0x", b"0X")
"""Arrow reads digits after one of these as a number; in PostgreSQL's text there are none."""

_INTEGER = "^[+-]?[0-9]+$"

_WITH_EXPONENT = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)[eE][+-]?[0-9]+")


@dataclass(frozen=True)
class ReadPart:
    """The rows of a part that could be read, and the quarantine entries of the others.

    Attributes:
        rows: the declared columns, and the commit that captured each row.
        faults: one entry for each value that keeps its row out (model/side_tables.py).
    """

    rows: pa.Table
    faults: pa.Table


def landed_schema(table: SourceTable) -> pa.Schema:
    """Return the schema of landed rows: declared columns, and the commit that captured the row."""
    return arrow_schema((*table.columns, INGESTION_COMMIT))


def read_part(body: bytes, table: SourceTable, part: Part, commit: int) -> ReadPart:
    """Read the declared columns of a part; other columns of the source are ignored.

    A nullable column that was declared after the part was landed is NULL. Naive timestamps of the
    source become aware UTC.

    Args:
        commit: number of its commit.

    Raises:
        HedgehogError: if a not-null column is missing, or the object is not CSV.
    """
    missing = [c.name for c in table.columns if not c.nullable and c.name not in part.columns]
    if missing:
        raise HedgehogError(
            f"The part {part.key} of {table.name} (ingestion commit {commit}) has no column "
            f"{', '.join(missing)}, which the star needs; declare the column nullable, or restore "
            "it in the source and run `hedgehog run --reread` for a full refresh."
        )
    faults = QUARANTINE_ARROW.empty_table()
    try:
        as_text = any(prefix in body for prefix in _HEXADECIMAL)
        types = {column.name: _type_in_csv(column, as_text=as_text) for column in table.columns}
        naive = _declared(body, part, types)
        rows = pa.table(
            [_typed(naive[column.name], column) for column in table.columns], _names(table)
        )
        rows = rows.cast(arrow_schema(table.columns))
    except ValueError:
        rows, faults = _read_as_text(body, table, part, commit)
    numbers = pa.repeat(pa.scalar(commit, pa.int64()), rows.num_rows)
    return ReadPart(
        rows.append_column(landed_schema(table).field(INGESTION_COMMIT.name), numbers), faults
    )


def read_row(body: bytes, line: int) -> dict[str, str | None]:
    """Read one row as it was landed: the text of each column, None for NULL.

    Args:
        line: number of the row in the object, from 1.
    """
    text = io.TextIOWrapper(io.BytesIO(body), "utf-8", "backslashreplace", newline="")
    names = next(reader(text))
    row = read_csv(body, dict.fromkeys(names, pa.binary())).slice(line - 1, 1)
    return {n: None if v is None else _shown(v) for n, v in row.to_pylist()[0].items()}


def read_keys(body: bytes, columns: Iterable[str]) -> pa.Table:
    """Read a part of not-null keys: tombstones, or key ranges of delete detection.

    Raises:
        ValueError: if a value is not a key.
    """
    keys = read_csv(body, dict.fromkeys(columns, pa.int64()))
    if any(column.null_count for column in keys.columns):
        raise ValueError("a key is NULL")
    return keys


def _declared(body: bytes, part: Part, types: Mapping[str, pa.DataType]) -> pa.Table:
    """Read the declared columns; columns that the part lacks are NULL."""
    read = read_csv(body, {name: kind for name, kind in types.items() if name in part.columns})
    nulls: _Values = pa.nulls(read.num_rows)
    columns = [
        read[name] if name in part.columns else nulls.cast(kind) for name, kind in types.items()
    ]
    return pa.table(columns, list(types))


def _names(table: SourceTable) -> list[str]:
    return [column.name for column in table.columns]


def _type_in_csv(column: Column, *, as_text: bool) -> pa.DataType:
    """Return the type to read a column in; `as_text` for integers whose digits must be checked."""
    arrow = column.type.arrow
    if column.type == NAIVE_TIMESTAMP:
        return _NAIVE_TIME
    if pa.types.is_decimal(arrow) or (as_text and pa.types.is_integer(arrow)):
        return pa.string()
    return arrow


def read_csv(body: bytes, types: Mapping[str, pa.DataType]) -> pa.Table:
    """Read columns of a CSV object in the given types, by name.

    Raises:
        ValueError: if a value does not have its column's type, or the object is not CSV.
    """
    return csv.read_csv(
        io.BytesIO(body),
        # One block: a value may be as long as the part, and a newline may be anywhere in it.
        read_options=csv.ReadOptions(block_size=len(body)),
        parse_options=csv.ParseOptions(newlines_in_values=True),
        convert_options=csv.ConvertOptions(
            column_types=dict(types),
            include_columns=list(types),
            null_values=[""],
            strings_can_be_null=True,
            quoted_strings_can_be_null=False,
            true_values=[_TRUE],
            false_values=[_FALSE],
            timestamp_parsers=[csv.ISO8601],  # pyright: ignore[reportArgumentType] (stub)
        ),
    )


def _read_as_text(
    body: bytes, table: SourceTable, part: Part, commit: int
) -> tuple[pa.Table, pa.Table]:
    """Read all values as text; separate the rows with a value that does not fit its column."""
    try:
        found = _declared(body, part, dict.fromkeys(_names(table), pa.binary()))
    except ValueError as error:
        raise HedgehogError(
            f"The part {part.key} of {table.name} (ingestion commit {commit}) cannot be read: "
            f"{error}. Restore the object from the bucket's versions or from a backup."
        ) from error
    read = {name: _texts(found[name].combine_chunks()) for name in found.column_names}
    texts = pa.table({name: values for name, (values, _) in read.items()})
    faults: list[pa.Table] = []
    good: _Values = pa.repeat(_yes(), texts.num_rows)
    for column in table.columns:
        values, are_utf8 = read[column.name]
        fits = pc.and_(_fits(values, column), are_utf8)
        reasons = pc.if_else(are_utf8, f"is not {column.type.form}", _INVALID_UTF8)
        faults.append(_faults(texts, pc.invert(fits), reasons, column, (table, part.key, commit)))
        good = pc.and_(good, fits)
    kept = texts.filter(good)
    rows = pa.table(
        [_typed(kept[column.name], column) for column in table.columns],
        schema=arrow_schema(table.columns),
    )
    return rows, pa.concat_tables(faults)


def _texts(values: _Values) -> tuple[_Values, _Values]:
    """Decode values, and return which are valid UTF-8: captures of older lakes did not check it."""
    try:
        return values.cast(pa.string()), pa.repeat(_yes(), len(values))
    except ValueError:
        texts = [value if value is None else _shown(value) for value in values.to_pylist()]
        shown: _Values = pa.array(texts, pa.string())
        return shown, pc.fill_null(pc.equal(shown.cast(pa.binary()), values), _yes())


def _yes() -> _Values:
    return pa.scalar(True)  # noqa: FBT003 (a value)


def _shown(value: bytes) -> str:
    """Decode a value, showing invalid UTF-8 bytes as hexadecimal escapes."""
    return value.decode(errors="backslashreplace")


def _fits(texts: _Values, column: Column) -> _Values:
    """Return for each text whether it is a value of the column."""
    found = pc.unique(texts)
    fitting = _fitting(found if column.nullable else found.drop_null(), column)
    return pc.is_in(texts, value_set=pa.concat_arrays([pa.array([], pa.string()), *fitting]))


def _fitting(texts: _Values, column: Column) -> list[_Values]:
    """Return the texts that are values of the column, by bisection: few misfits cost few casts."""
    try:
        _typed(texts, column)
    except ValueError:
        middle = len(texts) // 2
        halves = (texts[:middle], texts[middle:]) if middle else ()
        return [fitting for half in halves for fitting in _fitting(half, column)]
    return [texts]


def _typed(values: _Values, column: Column) -> _Values:
    """Cast values, which are texts or naive timestamps, to the column's type."""
    if column.type == BOOLEAN and values.type == pa.string():
        if pc.any(pc.invert(pc.is_in(values, pa.array([_TRUE, _FALSE, None])))).as_py():
            raise ValueError(column.type.form)
        return pc.equal(values, pa.scalar(_TRUE))
    if column.type == NAIVE_TIMESTAMP:
        values = values.cast(_NAIVE_TIME)  # naive timestamps of the source are UTC
    elif column.type != TEXT and values.type == pa.string():
        values = pc.ascii_trim(values, characters=_BLANKS)
    if column.type == TIME and values.type == pa.string():
        values = pc.binary_join_element_wise(pa.scalar(_SOME_DAY), values, " ").cast(_NAIVE_TIME)
    if pa.types.is_decimal(column.type.arrow):
        values = _in_plain_digits(values, column.type.arrow)
    from_text = pa.types.is_integer(column.type.arrow) and values.type == pa.string()
    if from_text and _any_misfit(values, _INTEGER):
        raise ValueError(column.type.form)
    values = values.cast(column.type.arrow)
    values.validate(full=True)
    if _is_out_of_years(values, column):
        raise ValueError(column.type.form)
    return values


def _is_out_of_years(values: _Values, column: Column) -> bool:
    """Return whether any date or timestamp is outside the years 1 to 9999, in UTC."""
    if column.type in {DATE, TEXT_DATE}:
        return bool(
            pc.any(pc.less(values, pa.scalar(_FIRST_DAY))).as_py()
        )  # years above 9999 do not parse
    if column.type in {TIMESTAMP, NAIVE_TIMESTAMP}:
        first, last = (pa.scalar(end, TIMESTAMP.arrow) for end in (_FIRST_TIME, _LAST_TIME))
        outside = pc.or_(pc.less(values, first), pc.greater(values, last))
        return bool(pc.any(outside).as_py())
    return False


def _in_plain_digits(texts: _Values, kind: _Decimal) -> _Values:
    """Return numbers with the digits of a decimal type, without further trailing zeros.

    Arrow's own parsers turn a number with too many digits into another number, and refuse one of
    38 digits and a trailing zero.

    Raises:
        ValueError: if a number has more digits before or after the decimal point.
    """
    before, after = kind.precision - kind.scale, kind.scale
    form = rf"^[+-]?0*[0-9]{{0,{before}}}(\.[0-9]{{0,{after}}}0*)?$"
    if _any_misfit(texts, form):
        plain = [_without_exponent(text, kind) for text in texts.to_pylist()]
        texts = pa.array(plain, pa.string())
        if _any_misfit(texts, form):
            raise ValueError(kind)
    return pc.replace_substring_regex(texts, rf"(\.[0-9]{{{after}}})0+$", r"\1")


def _any_misfit(texts: _Values, form: str) -> bool:
    return bool(pc.any(pc.invert(pc.match_substring_regex(texts, form))).as_py())


def _without_exponent(text: str | None, kind: _Decimal) -> str | None:
    """Return a number such as 1.5E3 in plain digits, and any other text unchanged."""
    if text is None or not _WITH_EXPONENT.fullmatch(text):
        return text
    exactly = Context(prec=kind.precision, traps=[Inexact, InvalidOperation])
    try:
        return f"{Decimal(text).quantize(Decimal(1).scaleb(-kind.scale), context=exactly):f}"
    except DecimalException:
        return text


def _faults(
    texts: pa.Table,
    misfits: _Values,
    reasons: _Values,
    column: Column,
    of: tuple[SourceTable, str, int],
) -> pa.Table:
    table, part, commit = of
    lines = pc.add(pc.indices_nonzero(misfits).cast(pa.int64()), 1)
    values = texts[column.name].filter(misfits).to_pylist()
    count = len(values)
    return pa.Table.from_pydict(
        {
            "table_name": [table.name] * count,
            "key": [key or "" for key in texts[table.key].filter(misfits).to_pylist()],
            INGESTION_COMMIT.name: [commit] * count,
            "part": [part] * count,
            "line": lines,
            "column_name": [column.name] * count,
            "value": values,
            "reason": [
                "is absent" if value is None else reason
                for value, reason in zip(values, reasons.filter(misfits).to_pylist(), strict=True)
            ],
        },
        schema=QUARANTINE_ARROW,
    )
