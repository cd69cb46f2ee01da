"""The four sensors: one scans the source, one lists the inbox, one watches each commit log.

They keep no cursor and give no run key. The source and the logs say what is pending; the Dagster
instance says how earlier attempts ended. So a lost cursor, a restarted daemon or a failed run heals
at the next tick.

One run takes new changes and pending commits through all three stages. The sensors on the logs take
what such a run leaves out: commits that failed before or landed on an earlier day, and what is too
much for one run.
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
from hedgehog_pipeline.model.model import Model
from hedgehog_pipeline.orchestration.console import ERRORS_ONLY
from hedgehog_pipeline.orchestration.pipeline_run import Pending, plan_pipeline_run
from hedgehog_pipeline.orchestration.run_status import (
    all_ended,
    failures,
    live_runs,
    reason_to_pause,
)
from hedgehog_pipeline.scheduling.batching import EXTRACTION, PIPELINE, split_among_runs
from hedgehog_pipeline.scheduling.planned_tables import Path, landed_assets
from hedgehog_pipeline.scheduling.retry import next_commits, stuck_commits
from hedgehog_pipeline.scheduling.run_tags import LANDING_TAGS, numbers_in, tags_for, will_take
from hedgehog_pipeline.scheduling.scan_times import ScanTimes

if TYPE_CHECKING:
    from dagster._core.definitions.unresolved_asset_job_definition import (
        UnresolvedAssetJobDefinition,
    )

SOURCE_SENSOR = "shop"
INBOX_SENSOR = "inbox"

_INTERVAL_SECONDS = 2
"""Less than the daemon's own five seconds: with five, it would skip every other tick."""


def source_sensor(  # noqa: PLR0913 (all of them are injected)
    model: Model,
    pipeline: "UnresolvedAssetJobDefinition",
    extraction: "UnresolvedAssetJobDefinition",
    *,
    watch_source: Callable[[], AbstractContextManager[SourceWatch]],
    pending: Pending,
    scans: ScanTimes,
) -> SensorDefinition:
    """Return the sensor that captures source changes, as soon as no other capture runs.

    Args:
        model: the declared tables.
        pipeline: the job of all three stages.
        extraction: the job of extraction alone.
        watch_source: scans the source, over one connection per tick.
        pending: reads the pending commits of the stages after extraction.
        scans: when to scan within a tick.
    """

    @sensor(
        name=SOURCE_SENSOR,
        jobs=[pipeline, extraction],
        minimum_interval_seconds=_INTERVAL_SECONDS,
        default_status=DefaultSensorStatus.RUNNING,
        description="Looks for changed rows in the source twice a second. Launches `pipeline`, "
        "which takes them and all pending commits to the warehouse, or only `extraction` if the "
        "warehouse cannot be reached or more is pending than one run takes.",
    )
    def scan(context: SensorEvaluationContext) -> RunRequest | SkipReason:
        instance, now = context.instance, datetime.now(timezone.utc)
        if reason := reason_to_pause(instance, SOURCE_SENSOR, now, "processing"):
            return SkipReason(reason)
        captures = live_runs(instance, (PIPELINE, EXTRACTION), now)
        with watch_source() as watch:
            for _ in scans.within_tick():
                if captures and not all_ended(instance, captures):
                    continue
                captures = []
                if changed := watch.changed_tables():
                    # Another capture may have been launched since: for a file, or by a schedule.
                    captures = live_runs(instance, (PIPELINE, EXTRACTION), now)
                    if not captures:
                        return _capture(instance, model, Mode.CHANGES, changed, pending)
        return SkipReason("A capture is running." if captures else "The source has no changes.")

    return scan


def inbox_sensor(
    model: Model,
    pipeline: "UnresolvedAssetJobDefinition",
    extraction: "UnresolvedAssetJobDefinition",
    *,
    waiting_files: Callable[[], Sequence[StoredObject]],
    pending: Pending,
) -> SensorDefinition:
    """Return the sensor that lands the files in the inbox, one per run.

    It does not wait until no capture runs, which a busy source never allows: its run waits in the
    queue.

    Args:
        model: the declared tables.
        pipeline: the job of all three stages.
        extraction: the job of extraction alone.
        waiting_files: lists the files that wait in the inbox.
        pending: reads the pending commits of the stages after extraction.
    """

    @sensor(
        name=INBOX_SENSOR,
        jobs=[pipeline, extraction],
        minimum_interval_seconds=_INTERVAL_SECONDS,
        default_status=DefaultSensorStatus.RUNNING,
        description="Lists `inbox/` in the ingestion bucket every few seconds. Launches `pipeline` "
        "for the oldest file that has not landed yet, one file per run.",
    )
    def look(context: SensorEvaluationContext) -> RunRequest | SkipReason:
        instance, now = context.instance, datetime.now(timezone.utc)
        captures = live_runs(instance, (PIPELINE, EXTRACTION), now, launched_by=INBOX_SENSOR)
        if captures:
            return SkipReason("An inbox file is landing.")
        if reason := reason_to_pause(instance, INBOX_SENSOR, now, "processing"):
            return SkipReason(reason)
        files = waiting_files()
        if not files:
            return SkipReason("No file waits in the inbox.")
        table = table_of(files[0], model.source)
        return _capture(instance, model, Mode.INBOX, [table], pending)

    return look


def _capture(
    instance: DagsterInstance,
    model: Model,
    mode: Mode,
    changed: Collection[str],
    pending: Pending,
) -> RunRequest:
    """Request a run that captures; it also takes the pending commits if one run can."""
    now = datetime.now(timezone.utc)
    run = plan_pipeline_run(instance, model, pending, now)
    planned = run.assets(changed) if run else landed_assets(model, changed)
    return RunRequest(
        job_name=PIPELINE if run else EXTRACTION,
        partition_key=now.date().isoformat(),
        tags=run.tags if run else LANDING_TAGS,
        asset_selection=[AssetKey(path) for path in planned],
        asset_check_keys=[],  # the load itself checks what it loads
        run_config={
            "ops": {"extract": {"config": {"mode": mode.name}}},
            "loggers": ERRORS_ONLY,
        },
    )


def log_sensor(
    name: str,
    job: str,
    pending: Callable[[Collection[int]], Sequence[Commit]],
    assets_of: Callable[[Sequence[Commit]], Sequence[Path]],
    *,
    at_once: int,
) -> SensorDefinition:
    """Return a sensor that launches a stage for its pending commits, of one day at a time.

    It leaves out what a live run of all stages will take.

    Args:
        pending: reads the oldest pending commits, except some numbers.
        assets_of: returns the assets that commits change; none to plan all of them.
        at_once: how many runs of the job may share the commits at the same time.
    """

    @sensor(
        name=name,
        job_name=job,
        minimum_interval_seconds=_INTERVAL_SECONDS,
        default_status=DefaultSensorStatus.RUNNING,
        description=f"Reads the {name.replace('_', ' ')} in S3 every few seconds. Launches "
        f"`{job}` for its pending commits; failed commits are tried again after a pause.",
    )
    def watch(context: SensorEvaluationContext) -> list[RunRequest] | SkipReason:
        instance, now = context.instance, datetime.now(timezone.utc)
        in_progress = [numbers_in(run.tags) for run in live_runs(instance, (job,), now)]
        if len(in_progress) >= at_once or not all(in_progress):
            return SkipReason(f"Live runs of {job}: {len(in_progress)}.")
        if reason := reason_to_pause(instance, name, now, job):
            return SkipReason(reason)
        # Read before the logs: what a run that ends meanwhile has processed no longer waits.
        pipelines = live_runs(instance, (PIPELINE,), now)
        failed = failures(instance, job, now)
        stuck = stuck_commits(failed)
        left = pending({*chain(*in_progress), *stuck})
        if not left:
            note = f" {len(stuck)} failed too often and are not retried today." if stuck else ""
            return SkipReason(f"No commit is pending.{note}")
        waiting = [c for c in left if not any(will_take(run.tags, job, c) for run in pipelines)]
        if not waiting:
            return SkipReason(f"{len(left)} commits are left to the run in progress.")
        commits = next_commits(waiting, failed, now)
        if not commits:
            return SkipReason(f"{len(waiting)} commits failed and wait for their next attempt.")
        return [
            RunRequest(
                partition_key=share[0].date.isoformat(),
                tags=tags_for(share),
                asset_selection=[AssetKey(path) for path in assets_of(share)] or None,
                asset_check_keys=[],
                run_config={"loggers": ERRORS_ONLY},
            )
            for share in split_among_runs(commits, at_once - len(in_progress))
        ]

    return watch
