"""The metadata of a materialisation in the UI, including a preview of its rows."""

from datetime import date, datetime, timezone
from typing import Any

import pyarrow as pa
import pytest
from dagster import (
    AssetMaterialization,
    DagsterInstance,
    MarkdownMetadataValue,
    MetadataValue,
    TableMetadataValue,
)

from hedgehog_pipeline.definitions import platform
from hedgehog_pipeline.lake.batch import Batch
from hedgehog_pipeline.lake.csv_writer import CsvRows
from hedgehog_pipeline.lake.parquet_parts import ParquetRows
from hedgehog_pipeline.lake.previews import Preview
from hedgehog_pipeline.scheduling.run_tags import PENDING_TAGS
from hedgehog_pipeline_tests.support.world import World

_DAY = date(2026, 6, 1)


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("plain", "plain"),
        ("", ""),
        ("x" * 40, "x" * 40),
        ("x" * 41, "x" * 39 + "…"),
        ("a|b", "a|b"),
        ("one\ntwo\r\nthree", r"one\ntwo\r\nthree"),
        ("\x1b[2J", r"\x1b[2J"),
        ("![](http://evil.test/a.png)<b>`", "![](http://evil.test/a.png)<b>`"),
    ],
)
def test_a_value_is_cut_and_shown_as_plain_text_in_a_table(value: str, shown: str) -> None:
    preview = Preview(("a", "![](b)"))
    record = f'"{value}",1\n'.encode()
    assert list(preview.passing_csv(iter([record]))) == [record]
    assert preview.records() == [{"a": shown, "![](b)": "1"}]


def test_no_digit_of_a_large_number_is_lost_in_a_browser() -> None:
    preview = Preview()
    list(preview.passing([pa.table({"a": [2**62 + 1, None]})]))
    assert preview.records() == [{"a": "4611686018427387905"}, {"a": ""}]


def test_csv_shows_the_first_five_records_of_all_parts(world: World) -> None:
    lines = [b"a,b\n", *(f'{n},"line\n{n}"\n'.encode() for n in range(9))]
    preview = CsvRows(_batch(world), ("a", "b"), lines).write("oltp/staff", part_bytes=20)
    assert preview.records() == [{"a": str(n), "b": rf"line\n{n}"} for n in range(5)]


def test_a_huge_record_is_left_out(world: World) -> None:
    lines = [b"a\n", b"x" * 200_000 + b"\n", b"small\n"]
    preview = CsvRows(_batch(world), ("a",), lines).write("oltp/staff", part_bytes=1_000)
    assert preview.rows == [["small"]]


def test_parquet_shows_the_first_five_rows_of_all_tables(world: World) -> None:
    tables = [pa.table({"a": [n, None], "b": ["x", "y"]}) for n in range(9)]
    batch = _batch(world)
    preview = ParquetRows(batch, iter(tables)).write("star/dim_date", part_bytes=20)
    assert preview.columns == ("a", "b")
    assert preview.rows == [(0, "x"), (None, "y"), (1, "x"), (None, "y"), (2, "x")]
    assert sum(part.rows for part in batch.parts) == 18


def test_without_rows_the_preview_is_empty(world: World) -> None:
    assert ParquetRows(_batch(world), iter(())).write("star/dim_date", 20).rows == []
    assert CsvRows(_batch(world), (), ()).write("oltp/staff", 20).rows == []


def test_markdown_in_a_text_of_the_source_is_not_rendered_in_the_ui(world: World) -> None:
    world.load_small()
    picture = "![](http://evil.test/a.png)"
    world.shop.execute("update design set design_name = %s", [picture])
    reported = _materialise(world)
    assert picture in str(reported["warehouse/dim_design"]["preview"].value)
    markdown = {
        (asset, name)
        for asset, metadata in reported.items()
        for name, value in metadata.items()
        if isinstance(value, MarkdownMetadataValue)
    }
    assert markdown == set()


def test_each_layer_reports_what_it_wrote(world: World) -> None:
    world.load_small()
    reported = _materialise(world)
    for layer in ("oltp/currency", "star/dim_currency", "warehouse/dim_currency"):
        metadata = {name: _value(found) for name, found in reported[layer].items()}
        rows = [metadata[name] for name in ("rows written", *_COUNTS)]
        assert rows[0] > 0
        assert rows == [rows[0]] * 3
        assert metadata["bytes"] > 0
        assert metadata["seconds"] > 0
        assert len(metadata["parts"]) == 1
        assert "currency_id" in metadata["preview"].records[0].data
    assert reported["warehouse/dim_currency"]["parts"] == reported["star/dim_currency"]["parts"]
    assert reported["oltp/currency"]["after commit"].value == 0
    assert reported["star/dim_currency"]["ingestion commits"].value == [1]
    assert reported["warehouse/dim_currency"]["commits"].value == [1]
    assert "warehouse/dim_currency" not in _materialise(world)


_COUNTS = ("dagster/partition_row_count", "dagster/row_count")


def _batch(world: World) -> Batch:
    return Batch("a-batch", _DAY, world.deployment.lake.ingestion.bucket, "csv")


def _materialise(world: World) -> dict[str, dict[str, MetadataValue[Any]]]:
    """Run all three stages on the backlog; return the metadata of each asset."""
    with DagsterInstance.ephemeral() as instance:
        result = (
            platform(world.settings)
            .resolve_job_def("pipeline")
            .execute_in_process(
                partition_key=datetime.now(timezone.utc).date().isoformat(),
                tags=PENDING_TAGS,
                instance=instance,
                run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
            )
        )
    return {_name(e.materialization): dict(e.materialization.metadata) for e in _events(result)}


def _events(result: Any) -> list[Any]:
    return [event.step_materialization_data for event in result.get_asset_materialization_events()]


def _name(materialization: AssetMaterialization) -> str:
    return "/".join(materialization.asset_key.path)


def _value(found: MetadataValue[Any]) -> Any:
    return found if isinstance(found, TableMetadataValue) else found.value
