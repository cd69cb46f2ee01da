"""The runs of a stage as the Dagster instance records them: live, failed or dead."""

from collections.abc import Sequence
from datetime import datetime, timedelta, timezone
from itertools import takewhile

from dagster import DagsterInstance, DagsterRun, DagsterRunStatus, RunsFilter

from hedgehog_pipeline.lake.commits import Commit
from hedgehog_pipeline.scheduling.batching import PIPELINE
from hedgehog_pipeline.scheduling.retry import FailedRun, pause_after
from hedgehog_pipeline.scheduling.run_tags import (
    failed_in_a_row,
    failed_tags,
    has_begun,
    is_persons_retry,
    launched_by_platform,
    tried_in,
    tried_tags,
)

_SILENCE = timedelta(minutes=1)
"""A run without an event for so long counts as dead: a killed one stays STARTED for ever.

A wrong guess costs a batch that is discarded at its commit, never a wrong row.
"""

_PREPARING = [DagsterRunStatus.NOT_STARTED, DagsterRunStatus.STARTING]
"""A run without events so far: its process, or its machine, is still starting."""

_MEMORY = timedelta(days=1)
"""Older failures are ignored, so a stuck commit is tried again the next day."""

_LIVE = [DagsterRunStatus.QUEUED, *_PREPARING, DagsterRunStatus.STARTED]
_FAILED = [DagsterRunStatus.FAILURE, DagsterRunStatus.CANCELED]
_MAX_IN_A_ROW = 10
_LAUNCHED_BY = "dagster/sensor_name"  # Dagster sets this tag on what a sensor launches


def live_runs(
    instance: DagsterInstance,
    jobs: tuple[str, ...],
    now: datetime,
    *,
    launched_by: str | None = None,
) -> list[DagsterRun]:
    """List the live runs of jobs: not ended, and not silent for too long.

    Args:
        instance: where runs are recorded.
        jobs: by name.
        now: current time, aware UTC.
        launched_by: the sensor that launched them; None for any.
    """
    tags = {_LAUNCHED_BY: launched_by} if launched_by else None
    return [
        run
        for job in jobs
        for run in instance.get_runs(RunsFilter(job_name=job, statuses=_LIVE, tags=tags))
        if not _is_dead(instance, run, now)
    ]


def all_ended(instance: DagsterInstance, runs: Sequence[DagsterRun]) -> bool:
    """Return whether all of these runs have ended; one query, which does not look for dead runs."""
    filters = RunsFilter(run_ids=[run.run_id for run in runs], statuses=_LIVE)
    return not runs or not instance.get_runs_count(filters)


def record_attempt(
    instance: DagsterInstance, run: DagsterRun, stage: str, commits: Sequence[Commit]
) -> None:
    """Record on a run which commits a stage of it begins with.

    If the run fails, that counts against these commits; an earlier failure counts against none.
    """
    if launched_by_platform(run.tags):
        # Run tags are Dagster's only documented way for a run to leave data that others can query.
        instance.add_run_tags(run.run_id, tried_tags(stage, commits))


def failures(instance: DagsterInstance, stage: str, now: datetime) -> list[FailedRun]:
    """List the runs that failed or died while they handled commits of a stage.

    Runs that a person retried in the UI are left out: their tags are copies.
    """
    found: list[FailedRun] = []
    for job in (stage, PIPELINE):
        filters = RunsFilter(job_name=job, statuses=[*_FAILED, *_LIVE], created_after=now - _MEMORY)
        for record in instance.get_run_records(filters):
            run = record.dagster_run
            numbers = tried_in(run.tags, stage)
            if not numbers or is_persons_retry(run.tags):
                continue
            if run.status in _FAILED or _is_dead(instance, run, now):
                found.append(FailedRun(numbers, record.update_timestamp))
    return found


def reason_to_pause(
    instance: DagsterInstance, sensor: str, now: datetime, stage: str | None = None
) -> str | None:
    """Return a reason to pause if a sensor's last runs failed or died early; None after the pause.

    Args:
        instance: where runs are recorded.
        sensor: by name.
        now: current time, aware UTC.
        stage: a failed run that had begun this stage is no reason to pause.
    """
    runs = instance.get_runs(RunsFilter(tags={_LAUNCHED_BY: sensor}), limit=_MAX_IN_A_ROW)
    without_success = takewhile(
        lambda run: (
            run.status != DagsterRunStatus.SUCCESS and not (stage and has_begun(run.tags, stage))
        ),
        (run for run in runs if not is_persons_retry(run.tags)),
    )
    failed = _pausing_for(instance, list(without_success), now)
    return f"The last {failed} runs failed; the next is tried after a pause." if failed else None


def pipeline_pauses(instance: DagsterInstance, now: datetime) -> bool:
    """Return whether the last runs of all stages failed or died, and the pause still lasts."""
    runs = instance.get_runs(RunsFilter(job_name=PIPELINE), limit=_MAX_IN_A_ROW)
    failed = takewhile(lambda run: run.status != DagsterRunStatus.SUCCESS, runs)
    return bool(_pausing_for(instance, list(failed), now))


def _pausing_for(instance: DagsterInstance, runs: Sequence[DagsterRun], now: datetime) -> int:
    """Count the failed and dead runs; 0 once the pause after them is over."""
    ended = [
        _last_event_time(instance, run)
        for run in runs
        if run.status in _FAILED or _is_dead(instance, run, now)
    ]
    return len(ended) if ended and now < max(ended) + pause_after(len(ended)) else 0


def is_launched_by_schedule(run: DagsterRun) -> bool:
    """Return whether a schedule launched a run; it launches the next at its next hour."""
    return "dagster/schedule_name" in run.tags


def is_launched_by_condition(run: DagsterRun) -> bool:
    """Return whether an automation condition launched a run; the next load launches it again."""
    return "dagster/from_automation_condition" in run.tags


def is_launched_by_sensor(run: DagsterRun) -> bool:
    """Return whether a sensor launched a run; it relaunches the run soon if that fails."""
    return _LAUNCHED_BY in run.tags and not is_launched_by_condition(run)


def count_failure(instance: DagsterInstance, run: DagsterRun, *, outage: bool) -> int:
    """Count the failures in a row of one sensor's runs, up to this one; record that in its tags.

    Args:
        instance: where runs are recorded.
        run: a failed one.
        outage: whether it failed in an outage; then the count starts again at 0.
    """
    count = 0 if outage else 1 + _failed_before(instance, run)
    instance.add_run_tags(run.run_id, failed_tags(count))
    return count


def _failed_before(instance: DagsterInstance, run: DagsterRun) -> int:
    launched = RunsFilter(tags={_LAUNCHED_BY: run.tags[_LAUNCHED_BY]})
    before = instance.get_runs(launched, cursor=run.run_id, limit=1)
    return sum(failed_in_a_row(run.tags) for run in before if run.status in _FAILED)


def _is_dead(instance: DagsterInstance, run: DagsterRun, now: datetime) -> bool:
    if run.status == DagsterRunStatus.QUEUED:
        return False  # no process of it has started that could die
    limit = _SILENCE
    if run.status in _PREPARING and instance.run_monitoring_enabled:
        # The time after which the monitor ends a run that does not start: a machine takes a minute.
        limit = timedelta(seconds=instance.run_monitoring_start_timeout_seconds)
    return now - _last_event_time(instance, run) >= limit


def _last_event_time(instance: DagsterInstance, run: DagsterRun) -> datetime:
    records = instance.get_records_for_run(run.run_id, limit=1, ascending=False).records
    seconds = records[0].timestamp if records else 0.0
    return datetime.fromtimestamp(seconds, timezone.utc)
