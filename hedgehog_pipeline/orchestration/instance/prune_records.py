"""The job `prune_records` and its schedule: delete Dagster's records after some days."""

from collections.abc import Mapping
from datetime import datetime, timedelta, timezone

from dagster import (
    DefaultScheduleStatus,
    JobDefinition,
    OpExecutionContext,
    ScheduleDefinition,
    job,
    op,
)

from hedgehog_pipeline.orchestration.instance.records import prune

PRUNE_RECORDS = "prune_records"

_MAX_RUNS = 5000
"""A run every ten seconds makes 360 an hour: the backlog of weeks is deleted in about a day."""

_DESCRIPTION = """\
Deletes runs and evaluations of checks that are older than {days} days, except the latest of each.

Launched by the schedule `prune_records`, every hour.

By hand: at any time; it deletes what the schedule would.
"""


def prune_job(days: int, tags: Mapping[str, str]) -> JobDefinition:
    """Return the job that deletes Dagster's records after a number of days.

    Args:
        days: how long records are kept.
        tags: of its runs.
    """

    @op(name="delete_old_records")
    def delete_old(context: OpExecutionContext) -> None:
        before = datetime.now(timezone.utc) - timedelta(days=days)
        pruned = prune(context.instance, before, _MAX_RUNS)
        context.log.info(
            "Deleted %s runs and %s evaluations of checks from before %s. %s older runs stay: each "
            "holds the latest materialization of an asset or of one of its partitions.",
            pruned.runs,
            pruned.evaluations,
            before.isoformat(timespec="minutes"),
            pruned.kept,
        )

    @job(
        name=PRUNE_RECORDS,
        description=_DESCRIPTION.format(days=days),
        tags=dict(tags),
    )
    def prune_records() -> None:
        delete_old()

    return prune_records


prune_schedule = ScheduleDefinition(
    name=PRUNE_RECORDS,
    job_name=PRUNE_RECORDS,
    cron_schedule="47 * * * *",
    default_status=DefaultScheduleStatus.RUNNING,
    description="Deletes Dagster's records older than HEDGEHOG_RECORDS_DAYS days.",
)
