"""Close past days: report tables in which nothing landed as materialised, with no rows.

A run reports only the tables that changed. So a day on which a table did not change would read
"missing" in the UI for ever. A table with pending commits of the day really is missing and stays
so, for a minute or because a commit is stuck.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta, timezone
from typing import Any

from dagster import (
    AssetKey,
    AssetMaterialization,
    DagsterInstance,
    DefaultSensorStatus,
    PartitionsDefinition,
    RunRequest,
    SensorDefinition,
    SensorEvaluationContext,
    SensorResult,
    SkipReason,
    sensor,
)

from hedgehog_pipeline.lake.commits import Commit
from hedgehog_pipeline.model.model import Model
from hedgehog_pipeline.orchestration.asset_keys import asset_key
from hedgehog_pipeline.orchestration.assets.materializations import (
    ROWS_WRITTEN,
    latest_materialization,
    version_of,
    version_tags,
)
from hedgehog_pipeline.orchestration.partitions import DAYS
from hedgehog_pipeline.scheduling.batching import MAX_COMMITS

_INTERVAL_SECONDS = 60
_MAX_EVENTS = 400
"""Most events of one tick: a few seconds' worth."""

_ROW_COUNT = "dagster/row_count"

_NOTHING_LANDED = "Nothing landed on this day."
_RECORDED_ELSEWHERE = "What landed on this day was not recorded in this instance of Dagster."

RowsOfDay = Callable[[date], Counter[str]]
"""Counts the rows of a day's commits, by asset."""


def past_days_sensor(
    model: Model,
    checks: str,
    rows_of_day: RowsOfDay,
    pending: Mapping[str, Callable[[], Sequence[Commit]]],
    days: PartitionsDefinition = DAYS,
) -> SensorDefinition:
    """Return the sensor that closes past days.

    Args:
        model: the declared tables.
        checks: name of the job that evaluates the checks; it runs once the days are closed.
        rows_of_day: counts the rows of a day in the lake, for days that this instance of Dagster
            has not seen.
        pending: reads the pending commits of processing and storage, in this order.
        days: the partitions of all tables.
    """

    @sensor(
        name="past_days",
        job_name=checks,
        minimum_interval_seconds=_INTERVAL_SECONDS,
        default_status=DefaultSensorStatus.RUNNING,
        description="Reports tables without changes on a past day, so that the UI does not show "
        "them as missing.",
    )
    def close(context: SensorEvaluationContext) -> SensorResult | SkipReason:
        today = datetime.now(timezone.utc).date()
        yesterday = today - timedelta(days=1)
        if context.cursor == yesterday.isoformat():
            return SkipReason(f"All days up to {yesterday} are closed.")
        # Read first: what is loaded and reported meanwhile is not missing below.
        waiting = {stage: read() for stage, read in pending.items()}
        if any(len(commits) >= MAX_COMMITS for commits in waiting.values()):
            return SkipReason("Days are closed once fewer commits are pending.")
        events: list[AssetMaterialization] = []
        pending_tables: set[AssetKey] = set()
        for day, missing in _open_days(context.instance, model, days, today):
            unfinished = _unfinished_tables(model, date.fromisoformat(day), waiting)
            pending_tables |= unfinished.intersection(missing)
            keys = [key for key in missing if key not in unfinished]
            if events and len(events) + len(keys) > _MAX_EVENTS:
                return SensorResult(asset_events=events)
            if keys:
                rows = rows_of_day(date.fromisoformat(day))
                events += _closing(context.instance, day, keys, rows)
        if pending_tables and not events:
            return SkipReason(f"Past days have pending commits for {len(pending_tables)} tables.")
        return SensorResult(
            # A check counts for the materialisations before it.
            run_requests=[RunRequest()] if events else [],
            asset_events=events,
            cursor=None if pending_tables else yesterday.isoformat(),
        )

    return close


def _unfinished_tables(
    model: Model, day: date, waiting: Mapping[str, Sequence[Commit]]
) -> set[AssetKey]:
    """Return the tables with pending commits of a day."""
    to_process, to_load = (
        [commit for commit in waiting[stage] if commit.date == day]
        for stage in ("processing", "storage")
    )
    to_transform = {
        table.name
        for table in model.star.values()
        for commit in to_process
        if any(commit.touches(f"oltp/{name}") for name in table.inputs)
    }
    written = {name for name in model.star for commit in to_load if commit.holds(f"star/{name}")}
    return {
        *(asset_key("star", name) for name in to_transform),
        *(asset_key("warehouse", name) for name in to_transform | written),
    }


def _open_days(
    instance: DagsterInstance, model: Model, days: PartitionsDefinition, today: date
) -> Iterator[tuple[str, list[AssetKey]]]:
    """Yield the past days on which assets are missing, with these assets."""
    layers = (("oltp", model.source), ("star", model.star), ("warehouse", model.star))
    done = {
        key: instance.get_materialized_partitions(key)
        for layer, tables in layers
        for key in (AssetKey([layer, name]) for name in tables)
    }
    for day in days.get_partition_keys():
        if day >= today.isoformat():
            return
        if missing := [key for key, those in done.items() if day not in those]:
            yield day, missing


def _closing(
    instance: DagsterInstance, day: str, keys: Sequence[AssetKey], rows: Counter[str]
) -> Iterator[AssetMaterialization]:
    for key in keys:
        layer, name = key.path
        landed = rows[f"star/{name}" if layer == "warehouse" else f"{layer}/{name}"]
        metadata: dict[str, Any] = {ROWS_WRITTEN: 0}
        if layer != "warehouse" or not landed:
            metadata["dagster/partition_row_count"] = landed
        # This becomes the latest materialisation: what the UI shows of the table stays.
        latest = latest_materialization(instance, key)
        if latest and _ROW_COUNT in latest.metadata:
            metadata[_ROW_COUNT] = latest.metadata[_ROW_COUNT]
        yield AssetMaterialization(
            key,
            description=_RECORDED_ELSEWHERE if landed else _NOTHING_LANDED,
            metadata=metadata,
            partition=day,
            tags=version_tags(version_of(latest)),
        )
