"""The runs of a stage as the instance records them: at work, failed, or dead."""

from datetime import datetime, timedelta, timezone
from itertools import takewhile

from dagster import DagsterInstance, DagsterRun, DagsterRunStatus, RunsFilter

from hedgehog_pipeline.attempts import Failure, pause_after
from hedgehog_pipeline.runs import numbers_in

_SILENCE = timedelta(minutes=1)
"""A run that has said nothing for so long counts as dead: a killed one stays STARTED for ever.

A wrong guess costs a batch that is let go at its commit, never a wrong row.
"""

_PREPARING = [
    DagsterRunStatus.QUEUED,
    DagsterRunStatus.NOT_STARTED,
    DagsterRunStatus.STARTING,
]
"""A run of which nobody expects a word: its process, or its machine, is still being started."""

_MEMORY = timedelta(days=1)
"""Failures of longer ago are forgotten: a stuck commit is tried again the next day."""

_LIVE = [*_PREPARING, DagsterRunStatus.STARTED]
_FAILED = [DagsterRunStatus.FAILURE, DagsterRunStatus.CANCELED]
_MOST_IN_A_ROW = 10
_LAUNCHED_BY = "dagster/sensor_name"  # a tag that Dagster gives to what a sensor launches


def live_runs(instance: DagsterInstance, jobs: tuple[str, ...], now: datetime) -> list[DagsterRun]:
    """List the runs of jobs that are alive: not over, and not silent for too long.

    Args:
        instance: where runs are recorded.
        jobs: by name.
        now: the moment, aware UTC.
    """
    return [
        run
        for job in jobs
        for run in instance.get_runs(RunsFilter(job_name=job, statuses=_LIVE))
        if not _is_dead(instance, run, now)
    ]


def failures(instance: DagsterInstance, job: str, now: datetime) -> list[Failure]:
    """List the runs of a job that failed or died while they handled named commits."""
    found: list[Failure] = []
    filters = RunsFilter(job_name=job, statuses=[*_FAILED, *_LIVE], created_after=now - _MEMORY)
    for run in instance.get_runs(filters):
        numbers = numbers_in(run.tags)
        if numbers and (run.status in _FAILED or _is_dead(instance, run, now)):
            found.append(Failure(numbers, _last_heard(instance, run)))
    return found


def reason_to_pause(instance: DagsterInstance, sensor: str, now: datetime) -> str | None:
    """Tell that a sensor's last runs failed or died, while the pause after them lasts."""
    runs = instance.get_runs(RunsFilter(tags={_LAUNCHED_BY: sensor}), limit=_MOST_IN_A_ROW)
    ended = [
        _last_heard(instance, run)
        for run in takewhile(lambda run: run.status != DagsterRunStatus.SUCCESS, runs)
        if run.status in _FAILED or _is_dead(instance, run, now)
    ]
    if not ended or now >= max(ended) + pause_after(len(ended)):
        return None
    return f"The last {len(ended)} runs failed; the next is tried after a pause."


def is_launched_by_sensor(run: DagsterRun) -> bool:
    """Tell whether a sensor launched a run, which then launches it again where it fails."""
    return _LAUNCHED_BY in run.tags


def failed_before(instance: DagsterInstance, run: DagsterRun) -> bool:
    """Tell whether the run that the same sensor launched before this one failed as well."""
    launched = RunsFilter(tags={_LAUNCHED_BY: run.tags[_LAUNCHED_BY]})
    before = instance.get_runs(launched, cursor=run.run_id, limit=1)
    return any(earlier.status in _FAILED for earlier in before)


def _is_dead(instance: DagsterInstance, run: DagsterRun, now: datetime) -> bool:
    patience = _SILENCE
    if run.status in _PREPARING and instance.run_monitoring_enabled:
        # The time after which the monitor ends a run that does not start: a machine takes a minute.
        patience = timedelta(seconds=instance.run_monitoring_start_timeout_seconds)
    return now - _last_heard(instance, run) >= patience


def _last_heard(instance: DagsterInstance, run: DagsterRun) -> datetime:
    records = instance.get_records_for_run(run.run_id, limit=1, ascending=False).records
    seconds = records[0].timestamp if records else 0.0
    return datetime.fromtimestamp(seconds, timezone.utc)
