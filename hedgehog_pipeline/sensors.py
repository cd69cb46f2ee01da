"""The four sensors: one scans the shop, one lists the inbox, one watches each commit log.

They keep no cursor and give no run key: what waits is told by the shop and the logs, how earlier
tries ended by the instance. So a lost cursor, a restarted daemon or a failed run heals at the next
tick.
"""

from collections.abc import Callable, Sequence
from datetime import datetime, timezone
from itertools import chain
from typing import TYPE_CHECKING

from dagster import (
    DagsterInstance,
    DefaultSensorStatus,
    RunRequest,
    SensorDefinition,
    SensorEvaluationContext,
    SkipReason,
    sensor,
)

from hedgehog_pipeline.attempts import next_commits
from hedgehog_pipeline.lake.commits import Commit
from hedgehog_pipeline.runs import PENDING_TAGS, PIPELINE, numbers_in, shared_out, tags_for
from hedgehog_pipeline.stage_runs import failures, live_runs, reason_to_pause

if TYPE_CHECKING:
    from dagster._core.definitions.unresolved_asset_job_definition import (
        UnresolvedAssetJobDefinition,
    )

SHOP_SENSOR = "shop"
INBOX_SENSOR = "inbox"

_INTERVAL_SECONDS = 2
"""Below the daemon's own beat of five seconds; at five, every other tick would be missed."""


def shop_sensor(
    pipeline: "UnresolvedAssetJobDefinition",
    extraction: "UnresolvedAssetJobDefinition",
    *,
    shop_has_changes: Callable[[], bool],
    something_waits: Callable[[], bool],
) -> SensorDefinition:
    """Make the sensor that lands what is new in the shop.

    Where nothing waits further down, one run takes the change through all three stages: a process
    is started once instead of three times. Otherwise only extraction is launched, and what waits
    is left to the sensors on the logs.

    Args:
        pipeline: the job of all three stages.
        extraction: the job of extraction alone.
        shop_has_changes: asks the shop whether a capture would land something.
        something_waits: asks the logs whether a commit waits to be processed or loaded.
    """

    @sensor(
        name=SHOP_SENSOR,
        jobs=[pipeline, extraction],
        minimum_interval_seconds=_INTERVAL_SECONDS,
        default_status=DefaultSensorStatus.RUNNING,
        description="Looks for changed rows in the shop every few seconds. Launches `pipeline`, "
        "which takes a change to the warehouse, or `extraction` alone while later stages have a "
        "backlog.",
    )
    def scan(context: SensorEvaluationContext) -> RunRequest | SkipReason:
        now = datetime.now(timezone.utc)
        if reason := _reason_to_wait(context.instance, SHOP_SENSOR, extraction.name, now):
            return SkipReason(reason)
        if not shop_has_changes():
            return SkipReason("The shop holds nothing new.")
        day = now.date().isoformat()
        if something_waits():
            return RunRequest(job_name=extraction.name, partition_key=day)
        return RunRequest(job_name=pipeline.name, partition_key=day, tags=PENDING_TAGS)

    return scan


def inbox_sensor(
    extraction: "UnresolvedAssetJobDefinition", *, files_to_take: Callable[[], Sequence[object]]
) -> SensorDefinition:
    """Make the sensor that takes the files that others bring, one a run.

    Args:
        extraction: the job of extraction.
        files_to_take: lists the files that wait in the inbox.
    """

    @sensor(
        name=INBOX_SENSOR,
        job=extraction,
        minimum_interval_seconds=_INTERVAL_SECONDS,
        default_status=DefaultSensorStatus.RUNNING,
        description="Lists `inbox/` in the ingestion bucket every few seconds. Launches "
        "`extraction` for the oldest file that was not taken yet, one file a run.",
    )
    def look(context: SensorEvaluationContext) -> RunRequest | SkipReason:
        now = datetime.now(timezone.utc)
        if reason := _reason_to_wait(context.instance, INBOX_SENSOR, extraction.name, now):
            return SkipReason(reason)
        if not files_to_take():
            return SkipReason("No file waits.")
        return RunRequest(
            partition_key=now.date().isoformat(),
            run_config={"ops": {"extract": {"config": {"mode": "INBOX"}}}},
        )

    return look


def _reason_to_wait(
    instance: DagsterInstance, sensor_name: str, extraction: str, now: datetime
) -> str | None:
    """Tell why a sensor launches no extraction now, if there is a reason."""
    if live_runs(instance, (PIPELINE, extraction), now):
        return "A capture is at work."
    return reason_to_pause(instance, sensor_name, now)


def log_sensor(
    name: str, job: str, pending: Callable[[], Sequence[Commit]], *, at_once: int
) -> SensorDefinition:
    """Make a sensor that launches a stage for the commits that wait for it, of one day.

    Args:
        name: of the sensor.
        job: of the stage.
        pending: reads the commits that wait.
        at_once: how many runs of the job share the commits at the same time.
    """

    @sensor(
        name=name,
        job_name=job,
        minimum_interval_seconds=_INTERVAL_SECONDS,
        default_status=DefaultSensorStatus.RUNNING,
        description=f"Reads the {name.replace('_', ' ')} in S3 every few seconds. Launches "
        f"`{job}` for the commits that wait for it; those that failed are tried "
        "again after a pause.",
    )
    def watch(context: SensorEvaluationContext) -> list[RunRequest] | SkipReason:
        now = datetime.now(timezone.utc)
        at_work = [numbers_in(r.tags) for r in live_runs(context.instance, (PIPELINE, job), now)]
        if len(at_work) >= at_once or not all(at_work):
            return SkipReason(f"Runs of {job} at work: {len(at_work)}.")
        taken = set(chain(*at_work))
        waiting = [commit for commit in pending() if commit.number not in taken]
        if not waiting:
            return SkipReason("No commit waits.")
        commits = next_commits(waiting, failures(context.instance, job, now), now)
        if not commits:
            return SkipReason(f"{len(waiting)} commits failed and wait for another try, or stuck.")
        return [
            RunRequest(partition_key=share[0].date.isoformat(), tags=tags_for(share))
            for share in shared_out(commits, at_once - len(at_work))
        ]

    return watch
