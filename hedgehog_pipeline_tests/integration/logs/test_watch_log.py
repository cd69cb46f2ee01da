"""Sensors write log lines, for alarms outside of the platform."""

import json
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from dagster import DagsterInstance, DagsterRunStatus, build_sensor_context

from hedgehog_pipeline.definitions import defs
from hedgehog_pipeline.errors import HedgehogError
from hedgehog_pipeline.logs.events import WatchLog
from hedgehog_pipeline.orchestration.alert_sensors import health_sensor
from hedgehog_pipeline.orchestration.checks.freshness import freshness_sensor
from hedgehog_pipeline.scheduling.retry import MAX_ATTEMPTS
from hedgehog_pipeline_tests.support.demo_model import STAR

_LOG = WatchLog(None)


@pytest.fixture
def instance() -> Iterator[DagsterInstance]:
    with DagsterInstance.ephemeral() as instance:
        yield instance


def test_a_tick_writes_the_lag_to_the_log(
    instance: DagsterInstance, capsys: pytest.CaptureFixture[str]
) -> None:
    freshness_sensor(STAR, lambda: 660.0, _LOG).evaluate_tick(build_sensor_context(instance))
    (line,) = _lines(capsys)
    assert (line["event"], line["seconds"]) == ("lag", 660)


def test_a_lag_that_cannot_be_read_is_not_logged(
    instance: DagsterInstance, capsys: pytest.CaptureFixture[str]
) -> None:
    def read() -> float:
        raise HedgehogError("The warehouse cannot be reached.")

    freshness_sensor(STAR, read, _LOG).evaluate_tick(build_sensor_context(instance))
    assert _lines(capsys) == []


@pytest.mark.parametrize("number", [3, 4])
def test_a_stuck_commit_is_logged_while_it_is_pending(
    instance: DagsterInstance, number: int, capsys: pytest.CaptureFixture[str]
) -> None:
    job = defs.resolve_job_def("storage")
    for _ in range(MAX_ATTEMPTS):
        run = instance.create_run_for_job(
            job, tags={"hedgehog/storage_tried": "3"}, status=DagsterRunStatus.FAILURE
        )
        instance.report_engine_event("It failed.", run)
    pending: Any = {"storage": lambda: [SimpleNamespace(number=number)]}
    sensor = health_sensor({}, pending, _LOG, topic=None, ui_url="http://ui")
    sensor.evaluate_tick(build_sensor_context(instance))
    logged = [(line["event"], line["job"], line["commits"]) for line in _lines(capsys)]
    assert logged == ([("stuck", "storage", [3])] if number == 3 else [])


def _lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    """Return the log lines on the console, without those of Dagster."""
    return [json.loads(line) for line in capsys.readouterr().err.splitlines() if line[:1] == "{"]
