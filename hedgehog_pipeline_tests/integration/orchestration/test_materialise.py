"""Actions of a person in the UI: materialise everything, today or on a past day."""

import json
from datetime import datetime, timedelta, timezone

from dagster import DagsterInstance, ExecuteInProcessResult

from hedgehog_pipeline.definitions import platform
from hedgehog_pipeline.lake.log import commit_key
from hedgehog_pipeline.lake.parts import digest_of
from hedgehog_pipeline_tests.support.demo_model import STAR
from hedgehog_pipeline_tests.support.world import World


def test_all_assets_of_today_load_the_source_into_the_warehouse_in_one_run(world: World) -> None:
    world.load_small()
    result = _materialise_all(world)
    assert len(result.get_asset_materialization_events()) == 39
    assert all(world.warehouse_rows()[table] for table in STAR)
    assert world.run() == []


def test_all_assets_of_today_again_restate_and_change_no_row(world: World) -> None:
    world.load_small()
    _materialise_all(world)
    rows = world.warehouse_rows()
    _materialise_all(world)
    assert world.warehouse_rows() == rows
    kinds = [commit["kind"] for commit in world.commits(world.settings.processed_bucket)]
    assert kinds == ["processed", "restatement"]
    assert len(world.commits(world.settings.ingestion_bucket)) == 1


def test_all_assets_again_along_with_a_change_close_corrected_quarantine_entries(
    world: World,
) -> None:
    world.load_small()
    world.shop.execute("update payment set payment_date = 'tomorrow' where payment_id = 1")
    _materialise_all(world)
    assert world.query("select key from hedgehog.open_quarantine") == [("1",)]
    _correct(world, "payment", b"tomorrow", b"2026-06-01")
    world.shop.execute("update design set design_name = 'x' where design_id = 1")
    _materialise_all(world)
    assert world.query("select from hedgehog.open_quarantine") == []
    assert world.run() == []


def test_a_star_table_counts_its_quarantined_values(world: World) -> None:
    world.load_small()
    world.shop.execute("update payment set payment_date = 'soon', created_at = 'infinity'")
    events = _materialise_all(world).get_asset_materialization_events()
    found = {
        event.asset_key.to_user_string(): event.materialization.metadata["quarantine"].value
        for event in events
        if event.asset_key and "quarantine" in event.materialization.metadata
    }
    assert found == {"star/fact_payment": 4}


def test_a_past_day_reads_nothing_from_the_source(world: World) -> None:
    world.load_small()
    _materialise_all(world, days_ago=2)
    assert world.keys(world.settings.ingestion_bucket) == []
    assert world.keys(world.settings.processed_bucket) == ["report/index.html"]


def _correct(world: World, table: str, bad: bytes, good: bytes) -> None:
    """Correct the landed rows of a table, as if its declaration had been fixed."""
    bucket, key = world.settings.ingestion_bucket, commit_key(1)
    (commit,) = world.commits(bucket)
    (part,) = (part for part in commit["parts"] if part["asset"] == f"oltp/{table}")
    body = world.s3.get_object(Bucket=bucket, Key=part["key"])["Body"].read().replace(bad, good)
    part |= {"bytes": len(body), "sha256": digest_of(body)}
    world.s3.put_object(Bucket=bucket, Key=part["key"], Body=body)
    world.s3.put_object(Bucket=bucket, Key=key, Body=json.dumps(commit).encode())


def _materialise_all(world: World, days_ago: int = 0) -> ExecuteInProcessResult:
    day = datetime.now(timezone.utc).date() - timedelta(days=days_ago)
    with DagsterInstance.ephemeral() as instance:
        job = platform(world.settings).resolve_implicit_global_asset_job_def()
        return job.execute_in_process(
            partition_key=day.isoformat(),
            instance=instance,
            run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
        )
