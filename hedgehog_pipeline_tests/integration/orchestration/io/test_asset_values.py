"""`load_asset_value` returns the contents of each layer."""

import json
from collections.abc import Iterator
from datetime import date, datetime, timedelta, timezone
from functools import cache
from typing import Any

import pandas as pd
import psycopg
import pyarrow as pa
import pytest
from dagster import DagsterInstance

from hedgehog_pipeline.definitions import platform
from hedgehog_pipeline.errors import HedgehogError
from hedgehog_pipeline.lake.landed import LandedTable
from hedgehog_pipeline.lake.log import commit_key
from hedgehog_pipeline.lake.parquet_parts import ProcessedTable
from hedgehog_pipeline.lake.star_rows import newest_of_each
from hedgehog_pipeline.model.columns import arrow_schema
from hedgehog_pipeline.model.tables import PROCESSED_COMMIT, Fact, StarTable
from hedgehog_pipeline.storage.ddl import stored_columns
from hedgehog_pipeline_tests.support.archived import Archived
from hedgehog_pipeline_tests.support.demo_model import SOURCE, STAR
from hedgehog_pipeline_tests.support.shops import NOW
from hedgehog_pipeline_tests.support.world import Rows, World

_TODAY = datetime.now(timezone.utc).date()
_YESTERDAY = _TODAY - timedelta(days=1)


@pytest.fixture(scope="module")
def stirred(archived: Archived) -> Iterator[World]:
    """Changes, a fact without its dimension, deletions and a replay, over two days; read-only."""
    with archived.copy() as world:
        shop = world.shop
        shop.execute("alter table sales_order drop constraint sales_order_staff_id_fkey")
        shop.execute("update sales_order set staff_id = 7, units_sold = 7, last_updated = now()")
        shop.execute("update department set department_name = 'Trade', location = null")
        shop.execute("update address set district = '', address_line_2 = null, city = E'a\n\"b'")
        shop.execute(f"insert into currency values (3, 'EUR', {NOW})".encode())
        world.run()
        shop.execute("delete from payment where payment_id = 1")
        shop.execute("delete from currency where currency_id = 3")
        world.detect_deletes()
        # A replay of some tables: later commits for rows that are already there.
        world.launch("processing", "fact_payment", "dim_staff", "dim_currency")
        world.launch("storage")
        last = world.deployment.lake.processed.end()
        for number in (1, last):  # a replay of yesterday comes after the commits of today
            _date_back(world, number)
        yield world


def test_a_star_table_equals_the_warehouse_table(stirred: World) -> None:
    for table in STAR.values():
        rows = _load(stirred, "star", table.name, pa.Table)
        assert rows.schema.names == [*table.arrow.names, PROCESSED_COMMIT.name]
        assert _sorted(rows) == _in_warehouse(stirred, table, rows.column_names), table.name


def test_the_days_of_a_star_table_add_up_to_the_whole(stirred: World) -> None:
    for table in STAR.values():
        days = [_load(stirred, "star", table.name, pa.Table, day) for day in (_YESTERDAY, _TODAY)]
        assert all(rows.num_rows for rows in days) or table.name != "fact_sales_order"
        rows = newest_of_each(table, days)
        assert _sorted(rows) == _in_warehouse(stirred, table, rows.column_names), table.name


def test_a_day_on_which_nothing_landed_has_the_columns_and_no_rows(stirred: World) -> None:
    day = _YESTERDAY - timedelta(days=3)
    table = STAR["fact_payment"]
    for layer, columns in (
        ("star", (*table.landed_columns, PROCESSED_COMMIT)),
        ("warehouse", stored_columns(table)),
    ):
        rows = _load(stirred, layer, table.name, pa.Table, day)
        assert (rows.num_rows, rows.schema) == (0, arrow_schema(columns))


def test_a_warehouse_table_is_read_whole_in_its_declared_types(stirred: World) -> None:
    for table in STAR.values():
        rows = _load(stirred, "warehouse", table.name, pa.Table)
        assert rows.schema == arrow_schema(stored_columns(table))
        loaded = [tuple(row.values()) for row in rows.to_pylist()]
        assert sorted(loaded, key=str) == sorted(stirred.all_rows()[table.name], key=str)
    assert _load(stirred, "warehouse", "dim_staff", pa.Table)["inferred"].to_pylist().count(True)


def test_a_day_of_a_warehouse_table_has_the_rows_that_its_commits_wrote(stirred: World) -> None:
    query = "select processed_commit in (1, %s) from fact_sales_order"
    last = stirred.deployment.lake.processed.end()
    written = [old for (old,) in stirred.query(query, [last])]
    sizes = [
        len(_load(stirred, "warehouse", "fact_sales_order", None, day))
        for day in (_YESTERDAY, _TODAY)
    ]
    assert sizes == [written.count(True), written.count(False)]
    assert 0 not in sizes


def test_the_current_rows_of_a_fact_are_those_of_its_view(stirred: World) -> None:
    for table in (table for table in STAR.values() if isinstance(table, Fact)):
        rows = _load(stirred, "warehouse", table.name, pa.Table, current=True)
        columns = ", ".join(rows.column_names)
        wanted = stirred.query(f"select {columns} from {table.name}_current")
        assert _sorted(rows) == sorted(wanted, key=str)
    whole = _load(stirred, "warehouse", "fact_payment", pa.Table)
    assert (
        whole.num_rows
        == _load(stirred, "warehouse", "fact_payment", None, current=True).shape[0] + 1
    )  # the payment that was deleted


def test_current_rows_of_a_dimension_are_refused_with_advice(stirred: World) -> None:
    with pytest.raises(HedgehogError, match="column `deleted` says"):
        _load(stirred, "warehouse", "dim_staff", None, current=True)


def test_empty_text_and_null_stay_distinct(stirred: World) -> None:
    columns = ["district", "address_line_2", "city"]
    for layer in ("star", "warehouse"):
        rows = _load(stirred, layer, "dim_location", pa.Table).select(columns).to_pylist()
        assert [tuple(row.values()) for row in rows] == [("", None, 'a\n"b')]


def test_without_a_type_hint_it_is_a_pandas_frame_of_arrow_types(stirred: World) -> None:
    for layer in ("oltp", "star", "warehouse"):
        frame = _load(stirred, layer, "payment_type" if layer == "oltp" else "dim_payment_type")
        assert isinstance(frame, pd.DataFrame)
        assert {type(kind) for kind in frame.dtypes} == {pd.ArrowDtype}
        assert len(frame)


def test_polars_gets_a_polars_frame(stirred: World) -> None:
    polars = pytest.importorskip("polars")
    frame = _load(stirred, "star", "fact_sales_order", polars.DataFrame)
    assert isinstance(frame, polars.DataFrame)
    wanted = _load(stirred, "star", "fact_sales_order", pa.Table)
    assert frame.to_dicts() == wanted.to_pylist()


def test_another_type_is_refused_with_advice(stirred: World) -> None:
    with pytest.raises(HedgehogError, match=r"star/dim_date cannot be loaded as .*dict.*pyarrow"):
        _load(stirred, "star", "dim_date", dict)


def test_handles_are_returned_if_the_hint_names_them(stirred: World) -> None:
    assert isinstance(_load(stirred, "oltp", "staff", LandedTable), LandedTable)
    assert isinstance(_load(stirred, "star", "dim_staff", ProcessedTable), ProcessedTable)


def test_a_source_table_is_the_newest_row_of_each_key(stirred: World) -> None:
    query = "select currency_id, currency_code from currency order by 1"
    rows = _load(stirred, "oltp", "currency", pa.Table)
    loaded = rows.select(["currency_id", "currency_code", "deleted"]).to_pylist()
    assert [tuple(row.values()) for row in loaded] == [
        *((*row, False) for row in stirred.shop.execute(query).fetchall()),
        (3, "EUR", True),
    ]
    for name in SOURCE:
        rows = _load(stirred, "oltp", name, pa.Table, _TODAY)
        keys = rows[SOURCE[name].key].to_pylist()
        assert keys == sorted(set(keys)), name


def test_a_warehouse_without_tables_has_no_rows(world: World) -> None:
    for layer in ("star", "warehouse"):
        assert _load(world, layer, "fact_payment").empty


def _load(
    world: World,
    layer: str,
    table: str,
    kind: Any = None,
    day: date | None = None,
    **metadata: object,
) -> Any:
    return platform(world.settings).load_asset_value(
        [layer, table],
        python_type=kind,
        instance=_instance(),
        partition_key=day.isoformat() if day else None,
        metadata=metadata,
    )


@cache
def _instance() -> DagsterInstance:
    """Return one instance for all loads, which record nothing: its creation is slow."""
    return DagsterInstance.ephemeral()


def _sorted(rows: pa.Table) -> Rows:
    return sorted((tuple(row.values()) for row in rows.to_pylist()), key=str)


def _in_warehouse(world: World, table: StarTable, columns: list[str]) -> Rows:
    """Return the warehouse rows without inferred members."""
    true = "" if isinstance(table, Fact) else "where not inferred"
    rows = world.query(f"select {', '.join(columns)} from {table.name} {true}")
    return sorted(rows, key=str)


def _date_back(world: World, number: int) -> None:
    """Change the date of a processed commit to yesterday."""
    bucket, key = world.settings.processed_bucket, commit_key(number)
    commit = json.loads(world.s3.get_object(Bucket=bucket, Key=key)["Body"].read())
    commit["date"] = _YESTERDAY.isoformat()
    world.s3.put_object(Bucket=bucket, Key=key, Body=json.dumps(commit).encode())
    dsn = world.servers.postgres.dsn(world.warehouse_database)
    with psycopg.connect(dsn) as connection:
        update = "update hedgehog.commits set date = date - 1 where number = %s"
        connection.execute(update, [number])
