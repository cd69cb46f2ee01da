"""In the UI, a warehouse materialisation names the objects that its rows came from."""

from fnmatch import fnmatch
from typing import Any

from dagster import ExecuteInProcessResult

from hedgehog_pipeline.lake.previews import MAX_ROWS
from hedgehog_pipeline_tests.support.world import World


def _provenance(result: ExecuteInProcessResult) -> dict[str, list[dict[str, Any]]]:
    """Return the rows in the provenance metadata of each warehouse table."""
    return {
        event.asset_key.path[-1]: [dict(record.data) for record in table.value.records]
        for event in result.asset_materializations_for_node("store")
        if (table := event.metadata.get("provenance"))
    }


def test_a_row_leads_to_its_parquet_and_its_csv(world: World):
    world.load_small()
    world.launch("extraction")
    world.launch("processing")
    found = _provenance(world.launch("storage"))
    (order,) = found["fact_sales_order"]
    assert (order["key"], order["ingestion commit"]) == ("1", 1)
    assert order["trace"] == "hedgehog trace fact_sales_order 1"
    (parquet,) = _keys(world, "processed", "star/fact_sales_order/")
    assert order["Parquet"] == parquet
    (csv,) = _keys(world, "ingestion", "oltp/sales_order/")
    assert fnmatch(csv, order["CSV"])
    (member,) = found["dim_staff"]
    assert "/oltp/{staff,department}/" in member["CSV"]


def test_provenance_names_only_some_of_many_rows(world: World):
    world.load_small()
    world.shop.execute(
        "insert into currency select n, 'X', now(), now() from generate_series(2, 99) as n"
    )
    world.launch("extraction")
    world.launch("processing")
    found = _provenance(world.launch("storage"))
    assert [row["key"] for row in found["dim_currency"]] == list("12345")[:MAX_ROWS]


def test_a_table_without_loaded_rows_has_no_provenance(world: World):
    assert _provenance(world.launch("storage")) == {}


def _keys(world: World, bucket: str, prefix: str) -> list[str]:
    name = getattr(world.settings, f"{bucket}_bucket")
    return [f"s3://{name}/{key}" for key in world.keys(name) if key.startswith(prefix)]
