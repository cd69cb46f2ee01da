"""A row with an invalid value becomes a quarantine entry; other rows are read as usual."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, time, timezone
from decimal import Decimal
from typing import Any

import pytest

from hedgehog_pipeline.errors import HedgehogError
from hedgehog_pipeline.lake.commits import Part
from hedgehog_pipeline.lake.csv_reader import ReadPart, read_part, read_row
from hedgehog_pipeline.model import columns as types
from hedgehog_pipeline.model.columns import Column, ColumnType
from hedgehog_pipeline.model.tables import SourceTable
from hedgehog_pipeline_tests.support.demo_model import SOURCE

_STAMP = "2026-06-01 09:30:00"
_CURRENCY = ("currency_id", "currency_code", "created_at", "last_updated")
_GOOD = f"7,GBP,{_STAMP},{_STAMP}"
_INTEGER = "is not a whole number of 32 bits"
_TIMESTAMP = "is not a moment of the years 1 to 9999 without a time zone"


def _read(table: SourceTable, columns: Sequence[str], *records: str) -> ReadPart:
    body = "\n".join([",".join(columns), *records, ""]).encode()
    part = Part(
        asset=f"oltp/{table.name}",
        key="a/part.csv",
        rows=len(records),
        bytes=len(body),
        columns=tuple(columns),
    )
    return read_part(body, table, part, 5)


@pytest.mark.parametrize(
    ("record", "key", "column", "value", "reason"),
    [
        (f"x,GBP,{_STAMP},{_STAMP}", "x", "currency_id", "x", _INTEGER),
        (f"0x10,GBP,{_STAMP},{_STAMP}", "0x10", "currency_id", "0x10", _INTEGER),
        (f"0XFFFFFFFF,GBP,{_STAMP},{_STAMP}", "0XFFFFFFFF", *_CURRENCY[:1], "0XFFFFFFFF", _INTEGER),
        (f'" +0x1f",GBP,{_STAMP},{_STAMP}', " +0x1f", "currency_id", " +0x1f", _INTEGER),
        (f"1.5,GBP,{_STAMP},{_STAMP}", "1.5", "currency_id", "1.5", _INTEGER),
        (f"2147483648,GBP,{_STAMP},{_STAMP}", "2147483648", *_CURRENCY[:1], "2147483648", _INTEGER),
        (f",GBP,{_STAMP},{_STAMP}", "", "currency_id", None, "is absent"),
        (f"1,,{_STAMP},{_STAMP}", "1", "currency_code", None, "is absent"),
        (f"1,GBP,infinity,{_STAMP}", "1", "created_at", "infinity", _TIMESTAMP),
        (
            f"1,GBP,{_STAMP},0044-03-15 09:30:00 BC",
            "1",
            "last_updated",
            "0044-03-15 09:30:00 BC",
            _TIMESTAMP,
        ),
        (f'1,GBP,"",{_STAMP}', "1", "created_at", "", _TIMESTAMP),
        (
            f"1,GBP,0000-03-26 00:36:37,{_STAMP}",
            "1",
            "created_at",
            "0000-03-26 00:36:37",
            _TIMESTAMP,
        ),
    ],
)
def test_the_entry_of_an_invalid_value_has_its_position(
    record: str, key: str, column: str, value: str | None, reason: str
) -> None:
    read = _read(SOURCE["currency"], _CURRENCY, _GOOD, record, _GOOD)
    assert read.rows["currency_id"].to_pylist() == [7, 7]
    assert read.rows["ingestion_commit"].to_pylist() == [5, 5]
    assert read.faults.to_pylist() == [
        {
            "table_name": "currency",
            "key": key,
            "ingestion_commit": 5,
            "part": "a/part.csv",
            "line": 2,
            "column_name": column,
            "value": value,
            "reason": reason,
        }
    ]


def test_a_valid_part_has_no_entries_and_the_same_schema() -> None:
    valid = _read(SOURCE["currency"], _CURRENCY, _GOOD)
    assert valid.faults.num_rows == 0
    mixed = _read(SOURCE["currency"], _CURRENCY, _GOOD, f"1,,{_STAMP},{_STAMP}")
    assert (mixed.rows.schema, mixed.faults.schema) == (valid.rows.schema, valid.faults.schema)
    assert mixed.rows == valid.rows


_ZEROS = "0" * 30


def _things(kind: ColumnType) -> SourceTable:
    return SourceTable("things", "", (Column("id", types.INTEGER, ""), Column("it", kind, "")))


@pytest.mark.parametrize(
    "text",
    ["99999999.9900", "-99999999.990", "1.50000000000000000000", f"99999999.99{_ZEROS}", "1e7"],
)
def test_trailing_zeros_of_an_amount_are_valid(text: str) -> None:
    read = _read(_things(types.MONEY), ("id", "it"), f"1,{text}", "2,0.07")
    assert read.rows["it"].to_pylist() == [Decimal(text).quantize(Decimal("0.01")), Decimal("0.07")]


@pytest.mark.parametrize(
    "text",
    [
        *("8589848688699474287928240690566401.0", "-8589848688699474287928240690566401.0"),
        *("340282366920938463463374607431768211457", "340282366920938463463.374607431768211457"),
        *("1E-33", "1E33", "1.0000001", f"1.{_ZEROS}1", f"100{_ZEROS}.0", "1e99999999999999999999"),
    ],
)
def test_a_number_with_too_many_digits_is_quarantined_and_never_another_number(
    text: str,
) -> None:
    read = _read(_things(types.decimal(38, 6)), ("id", "it"), f"1,{text}", "2,0.07")
    assert read.rows["it"].to_pylist() == [Decimal("0.07")]
    assert read.faults.select(["value", "reason"]).to_pylist() == [
        {"value": text, "reason": "is not a number below 10^32 with at most 6 decimals"}
    ]


@pytest.mark.parametrize("sign", ["", "-"])
def test_a_number_of_38_digits_is_read_exactly(sign: str) -> None:
    text = f"{sign}99999999999999999999999999999999.999999"
    read = _read(_things(types.decimal(38, 6)), ("id", "it"), f"1,{text}{_ZEROS}", f"2,{text}")
    assert read.rows["it"].to_pylist() == [Decimal(text)] * 2


@pytest.mark.parametrize(
    ("text", "timestamp"),
    [
        ("9999-12-31 23:59:59-05", None),
        ("9999-12-31 23:59:59.999999-00", datetime.max.replace(tzinfo=timezone.utc)),
        ("0001-01-01 00:00:00+05:30", None),
        ("0001-01-01 05:30:00+05:30", datetime.min.replace(tzinfo=timezone.utc)),
        ("0000-12-31 23:00:00-05", datetime(1, 1, 1, 4, tzinfo=timezone.utc)),
    ],
)
def test_the_year_of_a_timestamp_counts_in_utc(text: str, timestamp: datetime | None) -> None:
    good = "2026-06-01 09:30:00+00"
    read = _read(_things(types.TIMESTAMP), ("id", "it"), f"1,{text}", f"2,{good}")
    expected = [timestamp] if timestamp else []
    assert read.rows["it"].to_pylist() == [*expected, datetime.fromisoformat(f"{good}:00")]
    entries = [] if timestamp else [{"value": text, "reason": f"is not {types.TIMESTAMP.form}"}]
    assert read.faults.select(["value", "reason"]).to_pylist() == entries


@pytest.mark.parametrize("neighbour", ["2", "no number"])
def test_a_nullable_column_declared_after_a_part_was_landed_is_null(neighbour: str) -> None:
    grown = replace(
        SOURCE["currency"],
        columns=(
            *SOURCE["currency"].columns,
            Column("symbol", types.TEXT, "", nullable=True),
            Column("rate", types.MONEY, "", nullable=True),
        ),
    )
    read = _read(grown, _CURRENCY, _GOOD, f"{neighbour},EUR,{_STAMP},{_STAMP}")
    assert set(read.rows["symbol"].to_pylist()) == set(read.rows["rate"].to_pylist()) == {None}
    assert read.rows["currency_id"].to_pylist() == ([7, 2] if neighbour == "2" else [7])
    required = replace(
        grown, columns=(*SOURCE["currency"].columns, Column("symbol", types.TEXT, ""))
    )
    with pytest.raises(HedgehogError, match=r"no column symbol, .* declare the column nullable"):
        _read(required, _CURRENCY, _GOOD)


_TEXTS = {
    types.INTEGER: ("5", "-5", " 5", "5\t", "+5", "5.0", "2147483647", "2147483648", "", "x"),
    types.BOOLEAN: ("t", "f", " t", "true", "1", "", "T"),
    types.MONEY: (
        "1",
        "1.5",
        " 1.5",
        "1.500",
        "1.005",
        "99999999.99",
        "99999999.9900",
        "1e8",
        "100000000",
        "NaN",
        "-0.00",
        ".",
    ),
    types.TEXT_DATE: (
        *("2026-06-01", " 2026-06-01", "2026-06-01 ", "2026-6-1", "20260601", "2026-02-29"),
        *("0000-12-31", "0001-01-01", "9999-12-31", "10000-01-01", "today", "", "2026-06-01T00:00"),
    ),
    types.NAIVE_TIMESTAMP: (
        *("2026-06-01 09:30:00.123", "2026-06-01", " 2026-06-01", "2026-06-01 09:30:00+00"),
        "0000-03-26 00:36:37",
        *("0001-01-01 00:00:00", "9999-12-31 23:59:59.999", "10000-01-01 00:00:00", "", "infinity"),
    ),
    types.TIMESTAMP: (
        *("2026-06-01 09:30:00.123+00", "2026-06-01 09:30:00", "9999-12-31 23:59:59-05", ""),
        *("0001-01-01 00:00:00+05", "0000-06-01 00:00:00+00", "infinity"),
    ),
    types.decimal(38, 6): (
        *("1", "1e3", "1E-6", "1E-7", "1E-33", f"1.{'0' * 60}", f"{'0' * 60}1.5", "1.0000001"),
        *("8589848688699474287928240690566401.0", "9" * 32, "9" * 33, "-", "e1", "1e", "1_0"),
    ),
    types.TEXT: ("", " ", "t", "NULL", "🦔"),
}


@pytest.mark.parametrize("nullable", [True, False])
@pytest.mark.parametrize("kind", _TEXTS, ids=lambda kind: f"{kind.sql}-{kind.arrow}")
def test_no_result_depends_on_a_neighbour(kind: ColumnType, *, nullable: bool) -> None:
    columns = (Column("id", types.INTEGER, ""), Column("it", kind, "", nullable))
    table = SourceTable("things", "", columns)

    def result(*records: str) -> list[dict[str, Any]]:
        """Return the first record as a row, or its entries."""
        read = _read(table, ("id", "it"), *records)
        entries = [fault for fault in read.faults.to_pylist() if fault["line"] == 1]
        return read.rows.to_pylist() or entries

    texts = [f'1,"{text}"' for text in _TEXTS[kind]] + ["1,"]
    results = [result(text) for text in texts]
    assert [result(text, "no number,") for text in texts] == results
    valid = {"it" in row for (row,) in results}
    assert valid == ({True} if nullable and kind == types.TEXT else {True, False})


def test_a_landed_row_is_read_by_its_number() -> None:
    body = b'a,"b,c",d\n1,"one\ntwo",x\n2,"",\n'
    assert read_row(body, 1) == {"a": "1", "b,c": "one\ntwo", "d": "x"}
    assert read_row(body, 2) == {"a": "2", "b,c": "", "d": None}


def test_a_row_with_invalid_utf8_is_quarantined() -> None:
    body = b'id,it\n1,caf\xc3\xa9\n2,"a, \xe9"\n3,\n'
    part = Part(asset="oltp/things", key="p", rows=3, bytes=len(body), columns=("id", "it"))
    read = read_part(body, _things(types.TEXT), part, 5)
    assert read.rows["it"].to_pylist() == ["café"]
    assert read.faults.select(["key", "line", "value", "reason"]).to_pylist() == [
        {
            "key": "2",
            "line": 2,
            "value": "a, \\xe9",
            "reason": "has bytes that are not valid UTF-8",
        },
        {"key": "3", "line": 3, "value": None, "reason": "is absent"},
    ]
    assert read_row(body, 2) == {"id": "2", "it": "a, \\xe9"}


def test_a_time_of_day_is_read_next_to_an_invalid_one() -> None:
    times = ("1,23:59:59.5", "2,24:00:00", "3,00:00:00", "4,1:61")
    read = _read(_things(types.TIME), ("id", "it"), *times)
    assert read.rows["it"].to_pylist() == [time(23, 59, 59, 500000), time(0)]
    assert read.faults.select(["key", "value", "reason"]).to_pylist() == [
        {"key": key, "value": value, "reason": "is not a time of day before 24:00"}
        for key, value in (("2", "24:00:00"), ("4", "1:61"))
    ]
    (good,) = _read(_things(types.TIME), ("id", "it"), times[0]).rows["it"].to_pylist()
    assert good == time(23, 59, 59, 500000)
