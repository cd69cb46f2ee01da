"""Freshness is the age of the oldest change that a scan has seen and that is not loaded."""

from datetime import datetime, timedelta, timezone

import boto3
import pytest
from dagster import (
    AssetCheckEvaluation,
    AssetCheckKey,
    AssetCheckSeverity,
    AssetKey,
    DagsterInstance,
    build_sensor_context,
)

from hedgehog_pipeline.definitions import platform
from hedgehog_pipeline.logs.events import WatchLog
from hedgehog_pipeline.monitoring.lag import seconds_behind
from hedgehog_pipeline.orchestration.checks.freshness import freshness, freshness_sensor
from hedgehog_pipeline_tests.support.demo_model import STAR
from hedgehog_pipeline_tests.support.world import World

_WARN, _ERROR = AssetCheckSeverity.WARN, AssetCheckSeverity.ERROR


def test_a_source_without_changes_is_fresh(world: World) -> None:
    assert world.deployment.seconds_behind() == 0
    world.load_small()
    world.run()
    assert world.deployment.seconds_behind() == 0


def test_the_lag_is_the_age_of_the_oldest_capture_that_is_not_loaded(opened: World) -> None:
    for name in ("Bishop", "Clarke"):
        opened.shop.execute("update staff set last_name = %s", [name])
        opened.launch("extraction")
    lake = opened.deployment.lake
    captured = [commit.captured_at for commit in lake.ingestion.after(0)]
    with opened.deployment.warehouse() as warehouse:
        later = captured[-1] + timedelta(minutes=5)
        behind = seconds_behind(lake, warehouse, opened.deployment.parameters, later)
        assert behind == (later - captured[-2]).total_seconds()


def test_a_change_that_a_scan_saw_and_no_capture_landed_counts(opened: World) -> None:
    deployment = opened.deployment
    before = datetime.now(timezone.utc)
    opened.shop.execute("update staff set last_name = 'Bishop'")
    assert deployment.scan_source()
    seen = datetime.now(timezone.utc)
    assert deployment.scan_source()
    later = seen + timedelta(minutes=5)
    with deployment.warehouse() as warehouse:
        behind = seconds_behind(deployment.lake, warehouse, deployment.parameters, later)
        assert later - before > timedelta(seconds=behind) > later - seen
    opened.run()
    assert deployment.seconds_behind() == 0


def test_a_change_that_was_undone_no_longer_counts(opened: World) -> None:
    opened.shop.execute("insert into currency values (99, 'XTS', 'now', 'now')")
    assert opened.deployment.scan_source()
    assert opened.deployment.seconds_behind() > 0
    opened.shop.execute("delete from currency where currency_id = 99")
    assert not opened.deployment.scan_source()
    assert opened.deployment.seconds_behind() == 0


@pytest.mark.parametrize(
    ("seconds", "passed", "severity"),
    [
        (0, True, _WARN),
        (599, True, _WARN),
        (600, False, _WARN),
        (1799, False, _WARN),
        (1800, False, _ERROR),
    ],
)
def test_ten_minutes_are_a_warning_and_thirty_an_error(
    seconds: float, *, passed: bool, severity: AssetCheckSeverity
) -> None:
    results = list(freshness(STAR, lambda: seconds))
    assert [result.asset_key for result in results] == [_key(table) for table in STAR]
    for result in results:
        assert (result.passed, result.severity) == (passed, severity)
        assert result.metadata is not None
        assert result.metadata["seconds_behind"].value == seconds


def test_a_warehouse_that_cannot_be_reached_is_not_fresh(world: World) -> None:
    boto3.client("secretsmanager").delete_secret(
        SecretId=world.settings.warehouse_secret, ForceDeleteWithoutRecovery=True
    )
    for result in freshness(STAR, world.deployment.seconds_behind):
        assert (result.passed, result.severity) == (False, _ERROR)
        assert "There is no secret" in str(result.description)


def test_the_sensor_reports_every_table_without_a_run() -> None:
    with DagsterInstance.ephemeral() as instance:
        tick = freshness_sensor(STAR, lambda: 660.0, WatchLog(None)).evaluate_tick(
            build_sensor_context(instance)
        )
        assert tick.run_requests == []
        for event in tick.asset_events:
            assert isinstance(event, AssetCheckEvaluation)
            instance.report_runless_asset_event(event)
        keys = [AssetCheckKey(_key(table), "freshness") for table in STAR]
        found = instance.event_log_storage.get_latest_asset_check_execution_by_key(keys)
        assert set(found) == set(keys)
        assert {record.status.value for record in found.values()} == {"FAILED"}
        assert instance.get_runs_count() == 0


def test_the_job_can_be_launched_by_hand(world: World) -> None:
    with DagsterInstance.ephemeral() as instance:
        job = platform(world.settings).resolve_job_def("freshness")
        evaluations = job.execute_in_process(instance=instance).get_asset_check_evaluations()
    assert {evaluation.asset_key for evaluation in evaluations} == {_key(table) for table in STAR}
    assert all(evaluation.passed for evaluation in evaluations)


def _key(table: str) -> AssetKey:
    return AssetKey(["warehouse", table])
