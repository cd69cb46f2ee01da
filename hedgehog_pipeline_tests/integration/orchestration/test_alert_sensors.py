"""The alert sensors: what they alert, and what they leave out."""

import logging
from datetime import datetime, timedelta, timezone

import boto3
import pytest
from dagster import (
    DagsterEventType,
    DagsterInstance,
    build_run_status_sensor_context,
    build_sensor_context,
)

from hedgehog_pipeline.definitions import platform
from hedgehog_pipeline.errors import HedgehogError
from hedgehog_pipeline.monitoring import health
from hedgehog_pipeline.orchestration.alert_sensors import late
from hedgehog_pipeline_tests.support.world import World


def test_a_lag_of_half_an_hour_is_alerted_and_a_shorter_one_is_not() -> None:
    late(lambda: 1799.0)()
    with pytest.raises(HedgehogError, match="The warehouse is 30 minutes behind the source"):
        late(lambda: 1800.0)()


def test_an_unreadable_source_is_alerted(
    world: World, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(health, "GRACE", timedelta(0))
    world.load_small()
    world.run()
    world.shop.execute("drop table payment cascade")
    repository = platform(world.settings).get_repository_def()
    with DagsterInstance.ephemeral() as instance:
        context = build_sensor_context(instance=instance, repository_def=repository)
        tick = repository.get_sensor_def("health").evaluate_tick(context)
    assert tick.skip_message == "shop failing"
    assert "payment" in caplog.text


@pytest.mark.parametrize("sensor", [None, "shop"])
def test_a_failed_run_of_a_stage_is_alerted_unless_a_sensor_launches_it_again(
    world: World, sensor: str | None, caplog: pytest.LogCaptureFixture
):
    world.shop.execute("drop table payment cascade")
    with DagsterInstance.ephemeral() as instance:
        alerts = _alerts_of_failure(world, instance, "extraction", sensor, caplog)
    assert ("run of extraction failed" in alerts) is (sensor is None)


def test_a_report_that_fails_repeatedly_is_alerted_once(
    world: World, caplog: pytest.LogCaptureFixture
):
    boto3.client("secretsmanager").delete_secret(
        SecretId=world.settings.warehouse_secret, ForceDeleteWithoutRecovery=True
    )
    with DagsterInstance.ephemeral() as instance:
        first, second = (
            _alerts_of_failure(world, instance, "report", "report", caplog) for _ in range(2)
        )
    assert "The run of report failed: " in first
    assert "its sensor launches it again" in first
    assert second == ""


def _alerts_of_failure(
    world: World,
    instance: DagsterInstance,
    job: str,
    sensor: str | None,
    caplog: pytest.LogCaptureFixture,
) -> str:
    """Let a run fail; return the text of its alerts."""
    definitions = platform(world.settings)
    run = definitions.resolve_job_def(job)
    today = datetime.now(timezone.utc).date().isoformat()
    failed = run.execute_in_process(
        instance=instance,
        partition_key=today if run.partitions_def else None,
        tags={"dagster/sensor_name": sensor} if sensor else {},
        raise_on_error=False,
        run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
    )
    (event,) = (e for e in failed.all_events if e.event_type == DagsterEventType.RUN_FAILURE)
    context = build_run_status_sensor_context(
        "failed_runs", event, instance, failed.dagster_run
    ).for_run_failure()
    caplog.clear()
    with caplog.at_level(logging.WARNING, "hedgehog_pipeline.monitoring.alerts"):
        definitions.resolve_sensor_def("failed_runs")(context)
    return "".join(
        record.getMessage()
        for record in caplog.records
        if record.name == "hedgehog_pipeline.monitoring.alerts"
    )
