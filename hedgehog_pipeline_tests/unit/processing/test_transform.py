"""Transform CSV that is written by hand, and read the Parquet with a plain reader."""

import io
from datetime import date, time
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from hedgehog_pipeline.lake.batch import Batch
from hedgehog_pipeline.lake.commits import IngestionCommit
from hedgehog_pipeline.lake.landed import LandedTable
from hedgehog_pipeline.lake.log import CommitLog
from hedgehog_pipeline.lake.parquet_parts import ParquetRows
from hedgehog_pipeline_tests.support.demo_model import SOURCE, STAR, TRANSFORMS
from hedgehog_pipeline_tests.support.lake_making import DAY, MemoryS3, land

_SALES_ORDERS = b"""\
sales_order_id,created_at,last_updated,design_id,staff_id,counterparty_id,units_sold,unit_price,\
currency_id,agreed_delivery_date,agreed_payment_date,agreed_delivery_location_id
7,2026-06-01 09:30:00.123,2026-06-02 23:59:59.9,9,13,18,84754,2.40,3,2026-06-10,2026-06-03,4
8,2026-06-01 09:30:00,2026-06-01 09:30:00,9,13,18,1,99999999.99,3,2026-06-10,2026-06-03,4
"""
_TRANSACTIONS = b"""\
transaction_id,transaction_type,sales_order_id,purchase_order_id,created_at,last_updated
1,SALE,7,,2026-06-01 09:30:00,2026-06-01 09:30:00
2,PURCHASE,,5,2026-06-01 09:30:00,2026-06-01 09:30:00
3,SALE,,,2026-06-01 09:30:00,2026-06-01 09:30:00
"""
_DEPARTMENTS = b"""\
department_id,department_name,location,manager,created_at,last_updated
1,"Sales, ""North"" UK",,,2026-06-01 09:30:00,2026-06-01 09:30:00
2,NULL,"",,2026-06-01 09:30:00,2026-06-01 09:30:00
"""
_STAFF = b"""\
staff_id,first_name,last_name,department_id,email_address,created_at,last_updated
1,Zo\xc3\xab,O'Hara,1,z@x,2026-06-01 09:30:00,2026-06-01 09:30:00
2," Ann ",N/A,2,a@x,2026-06-01 09:30:00,2026-06-01 09:30:00
3,Ada,Byron,3,b@x,2026-06-01 09:30:00,2026-06-01 09:30:00
"""


def _transformed(name: str, *commits: dict[str, bytes], part_bytes: int = 1_000_000) -> pa.Table:
    """Land the commits, transform the last of them, and read the Parquet with a plain reader."""
    bucket = MemoryS3().bucket()
    log = CommitLog(bucket, IngestionCommit)
    landed = [land(log, tables, part_bytes) for tables in commits]
    inputs = {table: LandedTable(log, SOURCE[table], bucket) for table in STAR[name].inputs}
    batch = Batch("one", DAY, bucket, "parquet")
    output = TRANSFORMS[name].of_commits(inputs, landed[-1:], restated=0)
    ParquetRows(batch, output.rows).write("star/x", 1_000_000)
    return pa.concat_tables(pq.read_table(io.BytesIO(bucket.read(p.key))) for p in batch.parts)


def _rows(table: pa.Table) -> list[tuple[Any, ...]]:
    return [tuple(row.values()) for row in table.to_pylist()]


def test_each_sales_order_becomes_one_row_of_the_fact() -> None:
    fact = _transformed("fact_sales_order", {"sales_order": _SALES_ORDERS})
    assert fact.column_names == [
        *("sales_order_id", "created_date", "created_time"),
        *("last_updated_date", "last_updated_time", "sales_staff_id", "counterparty_id"),
        *("units_sold", "unit_price", "currency_id", "design_id"),
        *("agreed_payment_date", "agreed_delivery_date", "agreed_delivery_location_id"),
        "ingestion_commit",
    ]
    first, later, agreed = date(2026, 6, 1), date(2026, 6, 2), (date(2026, 6, 3), date(2026, 6, 10))
    made, changed, high = time(9, 30, 0, 123000), time(23, 59, 59, 900000), Decimal("99999999.99")
    assert _rows(fact) == [
        (7, first, made, later, changed, 13, 18, 84754, Decimal("2.40"), 3, 9, *agreed, 4, 1),
        (8, first, time(9, 30), first, time(9, 30), 13, 18, 1, high, 3, 9, *agreed, 4, 1),
    ]


def test_rows_of_many_small_parts_are_the_same() -> None:
    whole = _transformed("fact_sales_order", {"sales_order": _SALES_ORDERS})
    small = _transformed("fact_sales_order", {"sales_order": _SALES_ORDERS}, part_bytes=1)
    assert small.equals(whole)


def test_transactions_keep_integer_and_null_ids() -> None:
    dimension = _transformed("dim_transaction", {"transaction": _TRANSACTIONS})
    assert str(dimension.schema.field("sales_order_id").type) == "int32"
    assert _rows(dimension) == [
        (1, "SALE", 7, None, 1, False),
        (2, "PURCHASE", None, 5, 1, False),
        (3, "SALE", None, None, 1, False),
    ]


def test_staff_are_joined_and_none_is_dropped() -> None:
    dimension = _transformed("dim_staff", {"staff": _STAFF, "department": _DEPARTMENTS})
    assert sorted(_rows(dimension)) == [
        (1, "Zoë", "O'Hara", 'Sales, "North" UK', "Not known", "z@x", 1, False),
        (2, " Ann ", "N/A", "NULL", "", "a@x", 1, False),
        (3, "Ada", "Byron", "Not known", "Not known", "b@x", 1, False),
    ]


def test_a_change_of_a_department_emits_only_its_staff() -> None:
    header, _, row = _DEPARTMENTS.splitlines(keepends=True)
    change = header + row.replace(b"NULL", b"Trade")
    landed = {"staff": _STAFF, "department": _DEPARTMENTS}
    dimension = _transformed("dim_staff", landed, {"department": change})
    assert _rows(dimension) == [(2, " Ann ", "N/A", "Trade", "", "a@x", 2, False)]


def test_the_date_dimension_has_the_days_of_its_inputs() -> None:
    days = _transformed("dim_date", {"sales_order": _SALES_ORDERS})
    assert sorted(_rows(days.select(["date_id", "day_of_week", "ingestion_commit"]))) == [
        (date(2026, 6, 1), 1, 1),
        (date(2026, 6, 2), 2, 1),
        (date(2026, 6, 3), 3, 1),
        (date(2026, 6, 10), 3, 1),
    ]
