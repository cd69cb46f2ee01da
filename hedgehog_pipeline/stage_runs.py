"""The runs of a stage as the instance records them: at work, failed, or dead."""

from collections.abc import Sequence
from datetime import datetime, timedelta, timezone
from itertools import takewhile

from dagster import DagsterInstance, DagsterRun, DagsterRunStatus, RunsFilter

from hedgehog_pipeline.attempts import Failure, pause_after
from hedgehog_pipeline.lake.commits import Commit
from hedgehog_pipeline.run_tags import (
    failed_in,
    failed_tags,
    has_begun,
    is_persons_retry,
    launched_by_platform,
    tried_in,
    tried_tags,
)
from hedgehog_pipeline.runs import PIPELINE

_SILENCE = timedelta(minutes=1)
"""A run that has said nothing for so long counts as dead: a killed one stays STARTED for ever.

A wrong guess costs a batch that is let go at its commit, never a wrong row.
"""

_PREPARING = [DagsterRunStatus.NOT_STARTED, DagsterRunStatus.STARTING]
"""A run of which nobody expects a word: its process, or its machine, is still being started."""

_MEMORY = timedelta(days=1)
"""Failures of longer ago are forgotten: a stuck commit is tried again the next day."""

_LIVE = [DagsterRunStatus.QUEUED, *_PREPARING, DagsterRunStatus.STARTED]
_FAILED = [DagsterRunStatus.FAILURE, DagsterRunStatus.CANCELED]
_MOST_IN_A_ROW = 10
_LAUNCHED_BY = "dagster/sensor_name"  # a tag that Dagster gives to what a sensor launches


def live_runs(
    instance: DagsterInstance,
    jobs: tuple[str, ...],
    now: datetime,
    *,
    launched_by: str | None = None,
) -> list[DagsterRun]:
    """List the runs of jobs that are alive: not over, and not silent for too long.

    Args:
        instance: where runs are recorded.
        jobs: by name.
        now: the moment, aware UTC.
        launched_by: the sensor that launched them; None for whoever did.
    """
    tags = {_LAUNCHED_BY: launched_by} if launched_by else None
    return [
        run
        for job in jobs
        for run in instance.get_runs(RunsFilter(job_name=job, statuses=_LIVE, tags=tags))
        if not _is_dead(instance, run, now)
    ]


def all_over(instance: DagsterInstance, runs: Sequence[DagsterRun]) -> bool:
    """Tell whether runs have ended; one question, which does not ask whether any is dead."""
    filters = RunsFilter(run_ids=[run.run_id for run in runs], statuses=_LIVE)
    return not runs or not instance.get_runs_count(filters)


def note_tried(
    instance: DagsterInstance, run: DagsterRun, stage: str, commits: Sequence[Commit]
) -> None:
    """Note on a run what a stage of it begins with.

    Should it fail, that counts against these commits. What fails before is no fault of theirs.
    """
    if launched_by_platform(run.tags):
        # Dagster documents no other way for a run to say something that others can ask for.
        instance.add_run_tags(run.run_id, tried_tags(stage, commits))


def failures(instance: DagsterInstance, stage: str, now: datetime) -> list[Failure]:
    """List the runs that failed or died while they handled commits of a stage.

    What a person launched again in the UI is left aside: its tags are copies.
    """
    found: list[Failure] = []
    for job in (stage, PIPELINE):
        filters = RunsFilter(job_name=job, statuses=[*_FAILED, *_LIVE], created_after=now - _MEMORY)
        for record in instance.get_run_records(filters):
            run = record.dagster_run
            numbers = tried_in(run.tags, stage)
            if not numbers or is_persons_retry(run.tags):
                continue
            if run.status in _FAILED or _is_dead(instance, run, now):
                found.append(Failure(numbers, record.update_timestamp))
    return found


def reason_to_pause(
    instance: DagsterInstance, sensor: str, now: datetime, stage: str | None = None
) -> str | None:
    """Tell that a sensor's last runs failed or died early, while the pause lasts.

    Args:
        instance: where runs are recorded.
        sensor: by name.
        now: the moment, aware UTC.
        stage: the failure of a run that had begun with it is no reason to pause.
    """
    runs = instance.get_runs(RunsFilter(tags={_LAUNCHED_BY: sensor}), limit=_MOST_IN_A_ROW)
    without_success = takewhile(
        lambda run: (
            run.status != DagsterRunStatus.SUCCESS and not (stage and has_begun(run.tags, stage))
        ),
        (run for run in runs if not is_persons_retry(run.tags)),
    )
    failed = _pausing_for(instance, list(without_success), now)
    return f"The last {failed} runs failed; the next is tried after a pause." if failed else None


def pipeline_pauses(instance: DagsterInstance, now: datetime) -> bool:
    """Tell whether the last runs of all stages failed or died, while the pause lasts."""
    runs = instance.get_runs(RunsFilter(job_name=PIPELINE), limit=_MOST_IN_A_ROW)
    failed = takewhile(lambda run: run.status != DagsterRunStatus.SUCCESS, runs)
    return bool(_pausing_for(instance, list(failed), now))


def _pausing_for(instance: DagsterInstance, runs: Sequence[DagsterRun], now: datetime) -> int:
    """Count those of the runs that failed or died; 0 once the pause after them is over."""
    ended = [
        _last_heard(instance, run)
        for run in runs
        if run.status in _FAILED or _is_dead(instance, run, now)
    ]
    return len(ended) if ended and now < max(ended) + pause_after(len(ended)) else 0


def is_launched_by_schedule(run: DagsterRun) -> bool:
    """Tell whether a schedule launched a run, which launches another one at its next hour."""
    return "dagster/schedule_name" in run.tags


def is_launched_by_condition(run: DagsterRun) -> bool:
    """Tell whether an automation condition launched a run, which launches it at the next load."""
    return "dagster/from_automation_condition" in run.tags


def is_launched_by_sensor(run: DagsterRun) -> bool:
    """Tell whether a sensor launched a run, which then launches it again soon where it fails."""
    return _LAUNCHED_BY in run.tags and not is_launched_by_condition(run)


def count_failure(instance: DagsterInstance, run: DagsterRun, *, outage: bool) -> int:
    """Count the failures in a row of what one sensor launched, up to this run; note it on the run.

    Args:
        instance: where runs are recorded.
        run: one that failed.
        outage: whether it failed in one; such a failure is not counted, and ends the row.
    """
    count = 0 if outage else 1 + _failed_before(instance, run)
    instance.add_run_tags(run.run_id, failed_tags(count))
    return count


def _failed_before(instance: DagsterInstance, run: DagsterRun) -> int:
    launched = RunsFilter(tags={_LAUNCHED_BY: run.tags[_LAUNCHED_BY]})
    before = instance.get_runs(launched, cursor=run.run_id, limit=1)
    return sum(failed_in(run.tags) for run in before if run.status in _FAILED)


def _is_dead(instance: DagsterInstance, run: DagsterRun, now: datetime) -> bool:
    if run.status == DagsterRunStatus.QUEUED:
        return False  # nothing of it is at work that could die
    patience = _SILENCE
    if run.status in _PREPARING and instance.run_monitoring_enabled:
        # The time after which the monitor ends a run that does not start: a machine takes a minute.
        patience = timedelta(seconds=instance.run_monitoring_start_timeout_seconds)
    return now - _last_heard(instance, run) >= patience


def _last_heard(instance: DagsterInstance, run: DagsterRun) -> datetime:
    records = instance.get_records_for_run(run.run_id, limit=1, ascending=False).records
    seconds = records[0].timestamp if records else 0.0
    return datetime.fromtimestamp(seconds, timezone.utc)
