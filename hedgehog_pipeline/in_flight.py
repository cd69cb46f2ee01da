"""Whether a stage is at work, so that its sensor leaves it alone."""

from datetime import datetime, timedelta

from dagster import DagsterInstance, DagsterRunStatus, RunsFilter

_SILENCE = timedelta(minutes=1)
"""A run that has said nothing for so long counts as dead: a killed one stays STARTED for ever.

A wrong guess costs a batch that is let go at its commit, never a wrong row.
"""

_LIVE = [
    DagsterRunStatus.QUEUED,
    DagsterRunStatus.NOT_STARTED,
    DagsterRunStatus.STARTING,
    DagsterRunStatus.STARTED,
]


def is_in_flight(instance: DagsterInstance, job: str, now: datetime) -> bool:
    """Tell whether a run of a job is alive: not over, and heard of within the last minute.

    Args:
        instance: where runs are recorded.
        job: the stage's job.
        now: the moment, aware UTC.
    """
    for run in instance.get_runs(RunsFilter(job_name=job, statuses=_LIVE)):
        records = instance.get_records_for_run(run.run_id, limit=1, ascending=False).records
        if records and now.timestamp() - records[0].timestamp < _SILENCE.total_seconds():
            return True
    return False
