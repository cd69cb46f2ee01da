"""What sensors see becomes lines of the log, which alarms outside of the platform read."""

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

_LOG = WatchLog(None)


@pytest.fixture
def instance() -> Iterator[DagsterInstance]:
    with DagsterInstance.ephemeral() as instance:
        yield instance


def test_a_tick_tells_the_lag(
    instance: DagsterInstance, capsys: pytest.CaptureFixture[str]
) -> None:
    freshness_sensor(lambda: 660.0, _LOG).evaluate_tick(build_sensor_context(instance))
    (line,) = _lines(capsys)
    assert (line["event"], line["seconds"]) == ("lag", 660)


def test_a_lag_that_cannot_be_read_is_not_told(
    instance: DagsterInstance, capsys: pytest.CaptureFixture[str]
) -> None:
    def read() -> float:
        raise HedgehogError("The warehouse cannot be reached.")

    freshness_sensor(read, _LOG).evaluate_tick(build_sensor_context(instance))
    assert _lines(capsys) == []


@pytest.mark.parametrize("waiting", [3, 4])
def test_a_commit_that_is_stuck_is_told_while_it_waits(
    instance: DagsterInstance, waiting: int, capsys: pytest.CaptureFixture[str]
) -> None:
    job = defs.resolve_job_def("storage")
    for _ in range(MAX_ATTEMPTS):
        run = instance.create_run_for_job(
            job, tags={"hedgehog/storage_tried": "3"}, status=DagsterRunStatus.FAILURE
        )
        instance.report_engine_event("It failed.", run)
    pending: Any = {"storage": lambda: [SimpleNamespace(number=waiting)]}
    sensor = health_sensor({}, pending, _LOG, topic=None, ui_url="http://ui")
    sensor.evaluate_tick(build_sensor_context(instance))
    told = [(line["event"], line["job"], line["commits"]) for line in _lines(capsys)]
    assert told == ([("stuck", "storage", [3])] if waiting == 3 else [])


def _lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    """Give what stands on the console as lines of the log; Dagster writes there as well."""
    return [json.loads(line) for line in capsys.readouterr().err.splitlines() if line[:1] == "{"]
