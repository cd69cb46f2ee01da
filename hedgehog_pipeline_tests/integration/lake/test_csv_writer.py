"""Rows go through CSV parts unchanged, and errors name the part."""

import csv
import io
from datetime import datetime, timezone
from decimal import Decimal

import pyarrow as pa
import pytest
from psycopg import sql

from hedgehog_pipeline.errors import HedgehogError
from hedgehog_pipeline.lake.batch import Batch
from hedgehog_pipeline.lake.bucket import Bucket
from hedgehog_pipeline.lake.commits import IngestionCommit
from hedgehog_pipeline.lake.csv_reader import read_part
from hedgehog_pipeline.lake.csv_writer import CsvRows
from hedgehog_pipeline.lake.landed import LandedTable
from hedgehog_pipeline.lake.log import CommitLog
from hedgehog_pipeline_tests.support.demo_model import SOURCE
from hedgehog_pipeline_tests.support.dirty import DIRTY
from hedgehog_pipeline_tests.support.lake_making import DAY, land
from hedgehog_pipeline_tests.support.world import World

_STAMPS = "2026-06-01 09:30:00.123,2026-06-02 00:00:00"
_TRANSACTIONS = "transaction_id,transaction_type,sales_order_id,purchase_order_id,created_at,"


@pytest.mark.parametrize("part_bytes", [1, 500, 10_000_000])
def test_text_is_the_same_after_copy_and_parts(world: World, part_bytes: int) -> None:
    insert = sql.SQL(
        "insert into department (department_id, department_name, location, manager, last_updated) "
        "values (%s, %s, %s, null, now())"
    )
    for number, text in enumerate(DIRTY, start=1):
        world.shop.execute(insert, [number, text, text])
    table, bucket = SOURCE["department"], world.deployment.lake.ingestion.bucket
    batch = Batch("one", DAY, bucket, "csv")
    with world.deployment.source.open_snapshot([table]) as snapshot:
        lines = snapshot.lines(sql.SQL("select * from department order by 1").format())
        CsvRows(batch, snapshot.columns["department"], lines).write("oltp/department", part_bytes)

    parts = [(part, bucket.read(part.key)) for part in batch.parts]
    rows = pa.concat_tables(
        [read_part(body, table, part, 1).rows for part, body in parts]
    ).to_pydict()
    assert rows["department_id"] == list(range(1, len(DIRTY) + 1))
    assert rows["department_name"] == rows["location"] == list(DIRTY)
    assert rows["manager"] == [None] * len(DIRTY)
    for part, body in parts:
        records = list(csv.reader(io.StringIO(body.decode(), newline="")))
        assert tuple(records[0]) == part.columns
        assert (len(records) - 1, len(body)) == (part.rows, part.bytes)
    if part_bytes == 1:
        assert [part.rows for part, _ in parts] == [1] * len(DIRTY)


def test_no_rows_make_no_part(bucket: Bucket) -> None:
    batch = Batch("one", DAY, bucket, "csv")
    CsvRows(batch, ("a", "b"), [b"a,b\n"]).write("oltp/staff", 100)
    CsvRows(batch, (), ()).write("oltp/staff", 100)
    assert batch.parts == []


def test_numbers_and_timestamps_are_exact(bucket: Bucket) -> None:
    header = (
        "sales_order_id,created_at,last_updated,design_id,staff_id,counterparty_id,units_sold,"
        "unit_price,currency_id,agreed_delivery_date,agreed_payment_date,"
        "agreed_delivery_location_id\n"
    )
    text = f"{header}2147483647,{_STAMPS},1,2,3,-5,0.07,1,2026-06-08,2026-06-05,9\n"
    text += f"1,{_STAMPS},1,2,3,0,99999999.99,1,2026-06-08,2026-06-05,9\n"
    rows = _landed(bucket, "sales_order", text).to_pydict()
    assert rows["sales_order_id"] == [2147483647, 1]
    assert rows["unit_price"] == [Decimal("0.07"), Decimal("99999999.99")]
    assert rows["created_at"][0] == datetime(2026, 6, 1, 9, 30, 0, 123000, timezone.utc)
    assert rows["last_updated"][0] == datetime(2026, 6, 2, tzinfo=timezone.utc)
    assert rows["ingestion_commit"] == [1, 1]


def test_a_column_with_null_ids_stays_integer(bucket: Bucket) -> None:
    text = f"{_TRANSACTIONS}last_updated\n1,SALE,7,,{_STAMPS}\n2,PURCHASE,,8,{_STAMPS}\n"
    rows = _landed(bucket, "transaction", text)
    assert rows.schema.field("sales_order_id").type == pa.int32()
    assert rows["sales_order_id"].to_pylist() == [7, None]
    assert rows["purchase_order_id"].to_pylist() == [None, 8]


def test_the_source_may_have_any_column_order_and_more_columns(bucket: Bucket) -> None:
    text = "new,last_updated,created_at,currency_code,currency_id\n"
    text += "x,2026-06-01 09:30:00.1,2026-06-01 09:30:00,GBP,1\n"
    rows = _landed(bucket, "currency", text)
    names = ["currency_id", "currency_code", "created_at", "last_updated", "ingestion_commit"]
    assert rows.column_names == names
    assert rows["currency_code"].to_pylist() == ["GBP"]


def test_a_missing_column_is_named(bucket: Bucket) -> None:
    text = "currency_id,created_at,last_updated\n1,2026-06-01 09:30:00,2026-06-01 09:30:00\n"
    with pytest.raises(HedgehogError, match=r"oltp/currency/.*\.csv.* no column currency_code"):
        _landed(bucket, "currency", text)


def test_a_part_that_is_not_csv_is_named(bucket: Bucket) -> None:
    text = "currency_id,currency_code,created_at,last_updated\n1,GBP,2026-06-01\n"
    with pytest.raises(HedgehogError, match=r"part oltp/currency/.*\.csv of currency .* cannot"):
        _landed(bucket, "currency", text)


def _landed(bucket: Bucket, name: str, text: str) -> pa.Table:
    log = CommitLog(bucket, IngestionCommit)
    commit = land(log, {name: text.encode()})
    parts = list(LandedTable(log, SOURCE[name], log.bucket).parts_of(commit))
    assert sum(part.faults.num_rows for part in parts) == 0
    return pa.concat_tables(part.rows for part in parts)
