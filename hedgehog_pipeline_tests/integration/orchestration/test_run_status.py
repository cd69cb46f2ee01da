"""A run whose machine is still starting counts as live for as long as Dagster waits for it."""

from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
from dagster import DagsterInstance, DagsterRun, DagsterRunStatus

from hedgehog_pipeline.definitions import defs
from hedgehog_pipeline.orchestration.run_status import live_runs

_TEN_MINUTES = {"run_monitoring": {"enabled": True, "start_timeout_seconds": 600}}


@pytest.mark.parametrize(
    ("status", "minutes", "expected"),
    [
        (DagsterRunStatus.STARTING, 9, True),
        (DagsterRunStatus.STARTING, 11, False),
        (DagsterRunStatus.STARTED, 2, False),
    ],
)
def test_a_starting_run_may_be_silent_for_longer_than_a_started_one(
    status: DagsterRunStatus, minutes: int, *, expected: bool, tmp_path: Path
) -> None:
    with DagsterInstance.local_temp(str(tmp_path), overrides=_TEN_MINUTES) as instance:
        _launched(instance, status)
        later = datetime.now(timezone.utc) + timedelta(minutes=minutes)
        assert bool(live_runs(instance, ("storage",), later)) is expected


def test_without_run_monitoring_a_starting_run_counts_as_dead_after_a_minute() -> None:
    with DagsterInstance.ephemeral() as instance:
        _launched(instance, DagsterRunStatus.STARTING)
        later = datetime.now(timezone.utc) + timedelta(minutes=2)
        assert not live_runs(instance, ("storage",), later)


def _launched(instance: DagsterInstance, status: DagsterRunStatus) -> DagsterRun:
    run = instance.create_run_for_job(defs.resolve_job_def("storage"), status=status)
    instance.report_engine_event("Launching.", run)
    return run
