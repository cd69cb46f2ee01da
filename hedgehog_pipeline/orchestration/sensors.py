"""The four sensors: one scans the shop, one lists the inbox, one watches each commit log.

They keep no cursor and give no run key: what waits is told by the shop and the logs, how earlier
tries ended by the instance. So a lost cursor, a restarted daemon or a failed run heals at the next
tick.

One run takes what is new and what waits through all three stages. The sensors on the logs take what
such a run leaves: what failed before, what landed on an earlier day, and what is too much for it.
"""

from collections.abc import Callable, Collection, Sequence
from contextlib import AbstractContextManager
from datetime import datetime, timezone
from itertools import chain
from typing import TYPE_CHECKING

from dagster import (
    AssetKey,
    DagsterInstance,
    DefaultSensorStatus,
    RunRequest,
    SensorDefinition,
    SensorEvaluationContext,
    SkipReason,
    sensor,
)

from hedgehog_pipeline.extraction.capture_request import Mode
from hedgehog_pipeline.extraction.source_watch import SourceWatch
from hedgehog_pipeline.inbox.inbox import table_of
from hedgehog_pipeline.lake.bucket import StoredObject
from hedgehog_pipeline.lake.commits import Commit
from hedgehog_pipeline.orchestration.pipeline_run import Pending, plan_pipeline_run
from hedgehog_pipeline.orchestration.run_status import (
    all_over,
    failures,
    live_runs,
    reason_to_pause,
)
from hedgehog_pipeline.scheduling.batching import EXTRACTION, PIPELINE, shared_out
from hedgehog_pipeline.scheduling.look_times import Looks
from hedgehog_pipeline.scheduling.planned_tables import Path, landed_assets
from hedgehog_pipeline.scheduling.retry import next_commits, stuck_commits
from hedgehog_pipeline.scheduling.run_tags import LANDING_TAGS, numbers_in, tags_for, will_take

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
    watch_shop: Callable[[], AbstractContextManager[SourceWatch]],
    pending: Pending,
    looks: Looks,
) -> SensorDefinition:
    """Make the sensor that lands what is new in the shop, as soon as no other capture is at work.

    Args:
        pipeline: the job of all three stages.
        extraction: the job of extraction alone.
        watch_shop: scans the shop, on one connection for a tick.
        pending: reads the commits that wait for the stages after extraction.
        looks: when to look within a tick.
    """

    @sensor(
        name=SHOP_SENSOR,
        jobs=[pipeline, extraction],
        minimum_interval_seconds=_INTERVAL_SECONDS,
        default_status=DefaultSensorStatus.RUNNING,
        description="Looks for changed rows in the shop twice a second. Launches `pipeline`, which "
        "takes them and whatever waits to the warehouse, or `extraction` alone where the "
        "warehouse cannot be reached or more waits than one run takes.",
    )
    def scan(context: SensorEvaluationContext) -> RunRequest | SkipReason:
        instance, now = context.instance, datetime.now(timezone.utc)
        if reason := reason_to_pause(instance, SHOP_SENSOR, now, "processing"):
            return SkipReason(reason)
        captures = live_runs(instance, (PIPELINE, EXTRACTION), now)
        with watch_shop() as watch:
            for _ in looks.of_a_tick():
                if captures and not all_over(instance, captures):
                    continue
                captures = []
                if changed := watch.changed_tables():
                    # Another one may have been launched since: for a file, or by a schedule.
                    captures = live_runs(instance, (PIPELINE, EXTRACTION), now)
                    if not captures:
                        return _capture(instance, Mode.CHANGES, changed, pending)
        return SkipReason("A capture is at work." if captures else "The shop holds nothing new.")

    return scan


def inbox_sensor(
    pipeline: "UnresolvedAssetJobDefinition",
    extraction: "UnresolvedAssetJobDefinition",
    *,
    files_to_take: Callable[[], Sequence[StoredObject]],
    pending: Pending,
) -> SensorDefinition:
    """Make the sensor that takes the files that others bring, one a run.

    It does not wait for a moment without a capture, which a busy shop never leaves: its run takes
    its turn in the queue.

    Args:
        pipeline: the job of all three stages.
        extraction: the job of extraction alone.
        files_to_take: lists the files that wait in the inbox.
        pending: reads the commits that wait for the stages after extraction.
    """

    @sensor(
        name=INBOX_SENSOR,
        jobs=[pipeline, extraction],
        minimum_interval_seconds=_INTERVAL_SECONDS,
        default_status=DefaultSensorStatus.RUNNING,
        description="Lists `inbox/` in the ingestion bucket every few seconds. Launches `pipeline` "
        "for the oldest file that was not taken yet, one file a run.",
    )
    def look(context: SensorEvaluationContext) -> RunRequest | SkipReason:
        instance, now = context.instance, datetime.now(timezone.utc)
        captures = live_runs(instance, (PIPELINE, EXTRACTION), now, launched_by=INBOX_SENSOR)
        if captures:
            return SkipReason("A file is being taken.")
        if reason := reason_to_pause(instance, INBOX_SENSOR, now, "processing"):
            return SkipReason(reason)
        files = files_to_take()
        if not files:
            return SkipReason("No file waits.")
        return _capture(instance, Mode.INBOX, [table_of(files[0])], pending)

    return look


def _capture(
    instance: DagsterInstance, mode: Mode, changed: Collection[str], pending: Pending
) -> RunRequest:
    """Ask for a run that captures, and takes what waits along wherever one run can."""
    now = datetime.now(timezone.utc)
    run = plan_pipeline_run(instance, pending, now)
    planned = run.assets(changed) if run else landed_assets(changed)
    return RunRequest(
        job_name=PIPELINE if run else EXTRACTION,
        partition_key=now.date().isoformat(),
        tags=run.tags if run else LANDING_TAGS,
        asset_selection=[AssetKey(path) for path in planned],
        asset_check_keys=[],  # what is loaded is checked by the load itself
        run_config={"ops": {"extract": {"config": {"mode": mode.name}}}},
    )


def log_sensor(
    name: str,
    job: str,
    pending: Callable[[Collection[int]], Sequence[Commit]],
    assets_of: Callable[[Sequence[Commit]], Sequence[Path]],
    *,
    at_once: int,
) -> SensorDefinition:
    """Make a sensor that launches a stage for the commits that wait for it, of one day.

    What a run of all stages at work is to take is left to that one.

    Args:
        name: of the sensor.
        job: of the stage.
        pending: reads the oldest commits that wait, but for some numbers.
        assets_of: names the assets that commits change; none where all have to be planned.
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
        instance, now = context.instance, datetime.now(timezone.utc)
        at_work = [numbers_in(run.tags) for run in live_runs(instance, (job,), now)]
        if len(at_work) >= at_once or not all(at_work):
            return SkipReason(f"Runs of {job} at work: {len(at_work)}.")
        if reason := reason_to_pause(instance, name, now, job):
            return SkipReason(reason)
        # CaptureRequest before the logs: what a run that ends meanwhile has taken waits no more.
        pipelines = live_runs(instance, (PIPELINE,), now)
        failed = failures(instance, job, now)
        stuck = stuck_commits(failed)
        left = pending({*chain(*at_work), *stuck})
        if not left:
            gave_up = f" {len(stuck)} failed too often and are not tried today." if stuck else ""
            return SkipReason(f"No commit waits.{gave_up}")
        waiting = [c for c in left if not any(will_take(run.tags, job, c) for run in pipelines)]
        if not waiting:
            return SkipReason(f"{len(left)} commits wait for the run that is at work.")
        commits = next_commits(waiting, failed, now)
        if not commits:
            return SkipReason(f"{len(waiting)} commits failed and wait for another try.")
        return [
            RunRequest(
                partition_key=share[0].date.isoformat(),
                tags=tags_for(share),
                asset_selection=[AssetKey(path) for path in assets_of(share)] or None,
                asset_check_keys=[],
            )
            for share in shared_out(commits, at_once - len(at_work))
        ]

    return watch
