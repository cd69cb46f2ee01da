"""The watermarks in SSM follow each commit, and nothing depends on them."""

import json
from datetime import datetime
from typing import Any

import boto3
import pytest

from hedgehog_pipeline.errors import HedgehogError
from hedgehog_pipeline.extraction.watermarks import watermarks_of
from hedgehog_pipeline.lake.commits import IngestionCommit
from hedgehog_pipeline_tests.support.capturing import assert_landed_once
from hedgehog_pipeline_tests.support.demo_model import SOURCE
from hedgehog_pipeline_tests.support.landed import keys, landed
from hedgehog_pipeline_tests.support.odd_shop import place, seed
from hedgehog_pipeline_tests.support.world import World, reset_process_caches


def parameter(world: World) -> str | None:
    """Return the text of the parameter, None if it does not exist."""
    name = f"{world.settings.parameter_prefix}/watermarks"
    found = boto3.client("ssm").get_parameters(Names=[name])["Parameters"]
    return found[0].get("Value") if found else None


def watermarks(world: World) -> dict[str, dict[str, Any]]:
    return json.loads(parameter(world) or "")


def test_each_commit_publishes_the_watermark_of_every_table(world: World):
    seed(world)
    world.launch("extraction")
    first = watermarks(world)
    assert set(first) == set(SOURCE)
    assert {mark["commit"] for mark in first.values()} == {1}

    place(world.shop)
    world.launch("extraction")
    commit = world.commits(world.settings.ingestion_bucket)[-1]
    for table, mark in watermarks(world).items():
        assert set(mark) == {"time", "commit", "xmin", "xmax"}
        assert mark["commit"] == 2
        captured = datetime.fromisoformat(commit["captured_at"].replace("Z", "+00:00"))
        assert abs(datetime.fromisoformat(mark["time"]) - captured).total_seconds() < 0.001
        xmin, xmax, _open = commit["base"][table]["snapshot"].split(":")
        assert (mark["xmin"], mark["xmax"]) == (int(xmin), int(xmax))
        assert mark["xmax"] >= first[table]["xmax"]


def test_a_capture_of_some_tables_moves_only_their_watermarks(world: World):
    seed(world)
    world.launch("extraction")
    world.shop.execute("update staff set first_name = 'Grace'")
    world.launch("extraction", "staff")
    moved = {table for table, mark in watermarks(world).items() if mark["commit"] == 2}
    assert moved == {"staff"}


def test_a_deleted_parameter_is_written_again_and_nothing_depends_on_it(world: World):
    seed(world)
    world.launch("extraction")
    boto3.client("ssm").delete_parameter(Name=f"{world.settings.parameter_prefix}/watermarks")
    placed = place(world.shop)
    world.launch("extraction")
    assert keys(landed(world, after=1)) == placed
    assert {mark["commit"] for mark in watermarks(world).values()} == {2}
    assert_landed_once(world)


@pytest.mark.parametrize("nonsense", ["{}", "not JSON", '{"sales_order": {"xmax": 1}}'])
def test_any_text_in_the_parameter_is_overwritten(world: World, nonsense: str):
    boto3.client("ssm").put_parameter(
        Name=f"{world.settings.parameter_prefix}/watermarks", Value=nonsense, Type="String"
    )
    seed(world)
    world.launch("extraction")
    assert set(watermarks(world)) == set(SOURCE)


def test_a_scan_publishes_watermarks_that_differ(world: World):
    seed(world)
    world.run()
    boto3.client("ssm").delete_parameter(Name=f"{world.settings.parameter_prefix}/watermarks")
    assert not world.deployment.scan_source()
    assert set(watermarks(world)) == set(SOURCE)


def test_a_scan_continues_if_ssm_refuses(world: World, monkeypatch: pytest.MonkeyPatch):
    seed(world)
    monkeypatch.setenv("AWS_ENDPOINT_URL_SSM", "http://127.0.0.1:1")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    reset_process_caches()
    assert world.deployment.scan_source()


def test_rows_land_even_if_ssm_refuses(world: World, monkeypatch: pytest.MonkeyPatch):
    seed(world)
    monkeypatch.setenv("AWS_ENDPOINT_URL_SSM", "http://127.0.0.1:1")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    reset_process_caches()
    with pytest.raises(HedgehogError, match="What is landed stays landed"):
        world.run()
    monkeypatch.delenv("AWS_ENDPOINT_URL_SSM")
    reset_process_caches()
    assert_landed_once(world)
    assert world.run()
    assert world.query("select count(*) from fact_sales_order") == [(3,)]


def test_the_longest_parameter_fits_into_ssm():
    snapshot = f"{2**63}:{2**63}:"
    time = "2026-11-22T09:35:01.204567Z"
    watermark = {"snapshot": snapshot, "captured_at": time, "commit": 10**20 - 1}
    commit = IngestionCommit.model_validate(
        {
            "log": "log",
            "number": 10**20 - 1,
            "previous": None,
            "batch": "batch",
            "date": "2026-11-22",
            "kind": "increment",
            "captured_at": time,
            "source": "7/1/5",
            "base": dict.fromkeys(SOURCE, watermark),
        }
    )
    assert len(watermarks_of(commit).encode()) < 4096
