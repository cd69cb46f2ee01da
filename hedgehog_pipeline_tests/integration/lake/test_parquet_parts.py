"""Parquet parts have the declared types, readable by any reader."""

import io
from datetime import date, time
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from hedgehog_pipeline.lake.batch import Batch
from hedgehog_pipeline.lake.bucket import Bucket
from hedgehog_pipeline.lake.parquet_parts import ParquetRows, ProcessedTable
from hedgehog_pipeline_tests.support.demo_model import STAR
from hedgehog_pipeline_tests.support.lake_making import DAY, processed_commit

_FACT = STAR["fact_payment"]


def _payments(*keys: int) -> pa.Table:
    row: dict[str, Any] = {
        "created_date": date(2026, 6, 1),
        "created_time": time(9, 30, 0, 123000),
        "last_updated_date": date(2026, 6, 2),
        "last_updated_time": time(0, 0),
        "transaction_id": 2,
        "counterparty_id": 3,
        "payment_amount": Decimal("981451.44"),
        "currency_id": 1,
        "payment_type_id": 1,
        "paid": True,
        "payment_date": date(2026, 6, 5),
        "ingestion_commit": 1842,
    }
    return pa.Table.from_pylist([{"payment_id": key, **row} for key in keys], schema=_FACT.arrow)


def test_any_reader_finds_the_declared_types(bucket: Bucket) -> None:
    (part,) = _written(bucket, [_payments(1, 2)], part_bytes=1_000_000).parts
    table = pq.read_table(io.BytesIO(bucket.read(part.key)))
    assert table.equals(_payments(1, 2))
    types = {field.name: str(field.type) for field in table.schema}
    assert types["payment_id"] == "int32"
    assert types["created_time"] == "time64[us]"
    assert types["payment_amount"] == "decimal128(10, 2)"
    assert types["payment_date"] == "date32[day]"
    assert types["ingestion_commit"] == "int64"
    assert part.columns == tuple(table.column_names)
    assert part.rows == 2


@pytest.mark.parametrize(
    ("part_bytes", "rows"), [(1, [3, 1, 2]), (_payments(1, 2, 3, 4).nbytes, [4, 2]), (10_000, [6])]
)
def test_rows_are_gathered_into_parts(bucket: Bucket, part_bytes: int, rows: list[int]) -> None:
    tables = [_payments(1, 2, 3), _payments(), _payments(4), _payments(5, 6)]
    batch = _written(bucket, tables, part_bytes)
    assert [part.rows for part in batch.parts] == rows
    commit = processed_commit(1, "one").model_copy(update={"parts": tuple(batch.parts)})
    read = pa.concat_tables(ProcessedTable(bucket, _FACT).rows_of(commit))
    assert read["payment_id"].to_pylist() == [1, 2, 3, 4, 5, 6]


@pytest.mark.parametrize("tables", [[], [_payments()], [_payments(), _payments()]])
def test_no_rows_make_no_part(bucket: Bucket, tables: list[pa.Table]) -> None:
    assert _written(bucket, tables, part_bytes=100).parts == []


def _written(bucket: Bucket, tables: list[pa.Table], part_bytes: int) -> Batch:
    batch = Batch("one", DAY, bucket, "parquet")
    ParquetRows(batch, tables).write("star/fact_payment", part_bytes)
    return batch
