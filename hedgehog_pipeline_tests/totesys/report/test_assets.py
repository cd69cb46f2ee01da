"""The report's assets in Dagster, the page in the bucket, and the command that makes it."""

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
from hedgehog_pipeline_tests.totesys.report.reading import words_of
from hedgehog_pipeline_tests.world import World

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


def test_each_chapter_shows_its_picture_and_its_summary_in_the_ui(traded: World):
    told = {
        event.asset_key.path[-1]: event.materialization.metadata
        for event in _materialise(traded).get_asset_materialization_events()
        if event.asset_key
    }
    page = told.pop("page")
    assert page["page"].value == f"s3://{traded.settings.processed_bucket}/report/index.html"
    assert page["processed_commit"].value == traded.deployment.lake.processed.end()
    assert len(told) == 5
    for metadata in told.values():
        picture = re.fullmatch(
            r"!\[[^]]+\]\(data:image/png;base64,(\S+)\)", str(metadata["picture"].value)
        )
        assert picture
        assert base64.b64decode(picture[1]).startswith(b"\x89PNG")
        assert str(metadata["summary"].value) in words_of(_page(traded))


def test_the_command_says_where_the_page_is_and_writes_it_to_a_file(
    traded: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    for name, value in traded.environment.items():
        monkeypatch.setenv(name, value)
    file = tmp_path / "report.html"
    told = CliRunner().invoke(hedgehog, ["report", str(file)], catch_exceptions=False)
    end, bucket = traded.deployment.lake.processed.end(), traded.settings.processed_bucket
    where = f"s3://{bucket}/report/index.html"
    assert told.output == f"{where} (through processed commit {end})\n"
    assert file.read_text() == _page(traded)


def test_a_report_is_of_no_day(world: World):
    graph = platform(world.settings).resolve_asset_graph()
    reported = [key for key in graph.get_all_asset_keys() if graph.get(key).group_name == "report"]
    assert len(reported) == 6
    assert not any(graph.get(key).is_partitioned for key in reported)


def test_an_empty_warehouse_has_a_page_that_says_so(world: World):
    result = _materialise(world)
    assert result.success
    assert "The warehouse holds nothing yet." in _page(world)


def test_the_page_is_html_to_a_browser(traded: World):
    _materialise(traded)
    head = boto3.client("s3").head_object(
        Bucket=traded.settings.processed_bucket, Key="report/index.html"
    )
    assert head["ContentType"] == "text/html; charset=utf-8"


def test_what_draws_is_not_imported_with_the_definitions_or_the_command():
    done = subprocess.run(
        [sys.executable, "-c", _HEAVY], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == ""
