"""The report's assets in Dagster, the page in the bucket, and `hedgehog report`."""

import base64
import re
import subprocess
import sys
from pathlib import Path

import boto3
import pytest
from click.testing import CliRunner
from dagster import DagsterInstance, ExecuteInProcessResult

from hedgehog_pipeline.cli import hedgehog
from hedgehog_pipeline.definitions import platform
from hedgehog_pipeline_tests.support.report_reading import words_of
from hedgehog_pipeline_tests.support.world import World

_HEAVY = """
import sys, hedgehog_pipeline.definitions, hedgehog_pipeline.cli
print(*({"altair", "vl_convert", "PIL", "jinja2"} & set(sys.modules)))
"""


def _materialise(world: World) -> ExecuteInProcessResult:
    with DagsterInstance.ephemeral() as instance:
        job = platform(world.settings).resolve_job_def("report")
        return job.execute_in_process(instance=instance)


def _page(world: World) -> str:
    bucket = world.settings.processed_bucket
    body = boto3.client("s3").get_object(Bucket=bucket, Key="report/index.html")["Body"].read()
    return body.decode()


def test_each_chapter_has_its_picture_and_its_summary_as_metadata(traded: World):
    metadata_of = {
        event.asset_key.path[-1]: event.materialization.metadata
        for event in _materialise(traded).get_asset_materialization_events()
        if event.asset_key
    }
    page = metadata_of.pop("page")
    assert page["page"].value == f"s3://{traded.settings.processed_bucket}/report/index.html"
    assert page["processed_commit"].value == traded.deployment.lake.processed.end()
    assert len(metadata_of) == 5
    for metadata in metadata_of.values():
        picture = re.fullmatch(
            r"!\[[^]]+\]\(data:image/png;base64,(\S+)\)", str(metadata["picture"].value)
        )
        assert picture
        assert base64.b64decode(picture[1]).startswith(b"\x89PNG")
        assert str(metadata["summary"].value) in words_of(_page(traded))


def test_the_command_prints_the_address_and_writes_a_file(
    traded: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    for name, value in traded.environment.items():
        monkeypatch.setenv(name, value)
    file = tmp_path / "report.html"
    result = CliRunner().invoke(hedgehog, ["report", str(file)], catch_exceptions=False)
    end, bucket = traded.deployment.lake.processed.end(), traded.settings.processed_bucket
    address = f"s3://{bucket}/report/index.html"
    assert result.output == f"{address} (through processed commit {end})\n"
    assert file.read_text() == _page(traded)


def test_the_assets_of_the_report_have_no_partitions(world: World):
    graph = platform(world.settings).resolve_asset_graph()
    keys = [key for key in graph.get_all_asset_keys() if graph.get(key).group_name == "report"]
    assert len(keys) == 6
    assert not any(graph.get(key).is_partitioned for key in keys)


def test_an_empty_warehouse_has_a_page_with_a_notice(world: World):
    result = _materialise(world)
    assert result.success
    assert "The warehouse is empty." in _page(world)


def test_the_page_has_the_content_type_of_html(traded: World):
    _materialise(traded)
    head = boto3.client("s3").head_object(
        Bucket=traded.settings.processed_bucket, Key="report/index.html"
    )
    assert head["ContentType"] == "text/html; charset=utf-8"


def test_chart_libraries_are_not_imported_with_definitions_or_commands():
    done = subprocess.run(
        [sys.executable, "-c", _HEAVY], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == ""
