"""Other engines find the same rows in the processed bucket as in the warehouse."""

import re
from pathlib import Path
from typing import Any

import duckdb
import pytest

from hedgehog_pipeline_tests.support.demo_model import STAR
from hedgehog_pipeline_tests.support.repository import REPOSITORY
from hedgehog_pipeline_tests.support.world import World

_SCALE = REPOSITORY / "docs" / "scale.md"


def _sql_for(engine: str) -> str:
    """Return the SQL statements for an engine from the documentation."""
    text = _SCALE.read_text(encoding="utf-8")
    found = re.search(rf"### {engine}\n.*?```sql\n(.*?)```", text, flags=re.DOTALL)
    assert found
    return found[1]


def _download(world: World, folder: Path) -> None:
    bucket = world.settings.processed_bucket
    for key in world.keys(bucket):
        (folder / key).parent.mkdir(parents=True, exist_ok=True)
        world.s3.download_file(bucket, key, str(folder / key))


@pytest.mark.parametrize("name", ["fact_sales_order", "dim_design"])
def test_duckdb_finds_the_rows_of_the_warehouse(opened: World, tmp_path: Path, name: str):
    opened.shop.execute("update sales_order set units_sold = 7, last_updated = '2026-06-02'")
    opened.shop.execute("update design set design_name = 'Oak', last_updated = '2026-06-02'")
    opened.run()
    opened.launch("processing")
    opened.launch("storage")
    _download(opened, tmp_path)
    part = next((tmp_path / "star" / name).rglob("*.parquet"))
    (part.parent / "left-by-a-crash-0.parquet").write_bytes(part.read_bytes())

    columns = [*(column.name for column in STAR[name].landed_columns), "processed_commit"]
    query = f"select {', '.join(columns)} from {name} order by all"
    engine = duckdb.connect()
    engine.execute(_sql_for("DuckDB").replace("s3://hedgehog-processed", str(tmp_path)))
    found: list[tuple[Any, ...]] = engine.execute(query).fetchall()
    assert found == opened.query(query.replace("order by all", f"order by {', '.join(columns)}"))
    assert found


def test_the_table_for_athena_has_the_declared_columns():
    body = re.search(r"fact_sales_order_parts \((.*?)\n\)", _sql_for("Athena.*?"), flags=re.DOTALL)
    assert body
    found = [line.strip(" ,").split(" ") for line in body[1].strip().splitlines()]
    in_athena = {
        "integer": "int",
        "numeric(10,2)": "decimal(10,2)",
        "time without time zone": "bigint",
    }
    assert found == [
        [column.name, in_athena.get(column.type.sql, column.type.sql)]
        for column in STAR["fact_sales_order"].landed_columns
    ]
