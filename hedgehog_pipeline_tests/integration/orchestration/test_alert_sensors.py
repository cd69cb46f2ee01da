"""The alert sensors: what they alert, and what they leave out."""

import logging
import re
from collections.abc import Mapping
from datetime import datetime, timedelta, timezone
from typing import Any

import psycopg
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

_BY_A_PERSON: dict[str, str] = {}


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


@pytest.mark.parametrize("by", [_BY_A_PERSON, {"dagster/sensor_name": "shop"}])
def test_a_failed_run_of_a_stage_is_alerted_unless_a_sensor_launches_it_again(
    world: World, by: Mapping[str, str], caplog: pytest.LogCaptureFixture
):
    world.shop.execute("drop table payment cascade")
    with DagsterInstance.ephemeral() as instance:
        alert = _alert_of_failure(world, instance, "extraction", by, caplog)
    assert ("run of extraction failed" in alert) is (by == _BY_A_PERSON)


@pytest.mark.parametrize(
    ("change", "remedies"),
    [
        ("truncate payment", ["its schedule launches it again"]),  # a mass delete is refused
        ("drop table payment cascade", []),
    ],
)
def test_a_failed_run_of_a_schedule_is_alerted_except_in_an_outage(
    opened: World, change: str, remedies: list[str], caplog: pytest.LogCaptureFixture
):
    opened.shop.execute(change.encode())
    by = {"dagster/schedule_name": "sweep"}
    with DagsterInstance.ephemeral() as instance:
        alert = _alert_of_failure(opened, instance, "extraction", by, caplog, mode="SWEEP")
    assert ("run of extraction failed" in alert) is bool(remedies)
    assert re.findall(r"its \w+ launches it again", alert) == remedies


@pytest.mark.parametrize(
    ("by", "alerted_at", "remedy"),
    [
        ({"dagster/sensor_name": "report"}, 2, "its sensor launches it again"),
        (
            {"dagster/sensor_name": "automation", "dagster/from_automation_condition": "true"},
            1,
            "the next load launches it again",
        ),
    ],
)
def test_a_relaunched_run_that_fails_repeatedly_is_alerted_once(
    opened: World,
    by: Mapping[str, str],
    alerted_at: int,
    remedy: str,
    caplog: pytest.LogCaptureFixture,
):
    _let_reports_fail(opened)
    with DagsterInstance.ephemeral() as instance:
        alerts = [_alert_of_failure(opened, instance, "report", by, caplog) for _ in range(4)]
    alert = alerts.pop(alerted_at - 1)
    assert "The run of report failed: " in alert
    assert remedy in alert
    assert alerts == ["", "", ""]


def test_a_relaunched_run_is_not_alerted_in_an_outage_but_if_it_fails_after_it(
    opened: World, caplog: pytest.LogCaptureFixture
):
    by = {"dagster/sensor_name": "report"}
    _let_reports_fail(opened)
    with DagsterInstance.ephemeral() as instance:
        opened.shop.execute("alter table payment rename to away")
        in_outage = [_alert_of_failure(opened, instance, "report", by, caplog) for _ in range(3)]
        opened.shop.execute("alter table away rename to payment")
        after = [_alert_of_failure(opened, instance, "report", by, caplog) for _ in range(3)]
    assert in_outage == ["", "", ""]
    assert after[0] == ""  # it may have begun in the outage
    assert "run of report failed" in after[1]
    assert after[2] == ""


def _let_reports_fail(world: World) -> None:
    dsn = world.servers.postgres.dsn(world.warehouse_database)
    with psycopg.connect(dsn) as warehouse:
        warehouse.execute("alter table dim_design rename column design_name to name")


def _alert_of_failure(  # noqa: PLR0913 (all that differs between runs)
    world: World,
    instance: DagsterInstance,
    job: str,
    by: Mapping[str, str],
    caplog: pytest.LogCaptureFixture,
    *,
    mode: str = "",
) -> str:
    """Let a run fail; return the text of its alert.

    Args:
        by: the tag that Dagster gives to what a sensor or a schedule launches.
        mode: of the capture.
    """
    definitions = platform(world.settings)
    run = definitions.resolve_job_def(job)
    today = datetime.now(timezone.utc).date().isoformat()
    config: dict[str, Any] = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
    if mode:
        config["ops"] = {"extract": {"config": {"mode": mode}}}
    failed = run.execute_in_process(
        instance=instance,
        partition_key=today if run.partitions_def else None,
        tags=dict(by),
        raise_on_error=False,
        run_config=config,
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
