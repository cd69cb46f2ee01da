"""Closes past days: what nothing landed in is reported as materialised, with no rows.

A run reports only the tables that changed, so that a day without a change of a table would read
"missing" in the UI for ever. A table that commits of the day still wait for is missing indeed, and
is left so, be it for a minute or because a commit is stuck.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta, timezone

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
from hedgehog_pipeline.model.source import SOURCE
from hedgehog_pipeline.model.star import STAR
from hedgehog_pipeline.orchestration.assets.materializations import (
    ROWS_WRITTEN,
    recorded_version,
    version_tags,
)
from hedgehog_pipeline.orchestration.partitions import DAYS
from hedgehog_pipeline.scheduling.batching import MAX_COMMITS

_INTERVAL_SECONDS = 60
_MAX_EVENTS = 400
"""How many events one tick reports: a few seconds' worth."""

_NOTHING_LANDED = "Nothing landed on this day."
_RECORDED_ELSEWHERE = "What landed on this day was not recorded in this instance of Dagster."

RowsOfDay = Callable[[date], Counter[str]]
"""Counts the rows that a day's commits hold, by asset."""


def past_days_sensor(
    checks: str,
    rows_of_day: RowsOfDay,
    pending: Mapping[str, Callable[[], Sequence[Commit]]],
    days: PartitionsDefinition = DAYS,
) -> SensorDefinition:
    """Make the sensor.

    Args:
        checks: name of the job that evaluates the checks; it runs once the days are closed.
        rows_of_day: counts what the lake holds of a day, for days that this instance of Dagster
            has not seen.
        pending: reads the commits that wait for processing and storage, in this order.
        days: the partitions of all tables.
    """

    @sensor(
        name="past_days",
        job_name=checks,
        minimum_interval_seconds=_INTERVAL_SECONDS,
        default_status=DefaultSensorStatus.RUNNING,
        description="Reports the tables in which a past day changed nothing, so that none is "
        "shown as missing.",
    )
    def close(context: SensorEvaluationContext) -> SensorResult | SkipReason:
        today = datetime.now(timezone.utc).date()
        yesterday = today - timedelta(days=1)
        if context.cursor == yesterday.isoformat():
            return SkipReason(f"All days up to {yesterday} are closed.")
        # CaptureRequest first: what is loaded and reported since then is not missing below.
        waiting = {stage: read() for stage, read in pending.items()}
        if any(len(commits) >= MAX_COMMITS for commits in waiting.values()):
            return SkipReason("Days are closed when less waits to be processed or loaded.")
        events: list[AssetMaterialization] = []
        left: set[AssetKey] = set()
        for day, missing in _open_days(context.instance, days, today):
            waits = _waiting_on(date.fromisoformat(day), waiting)
            left |= waits.intersection(missing)
            keys = [key for key in missing if key not in waits]
            if events and len(events) + len(keys) > _MAX_EVENTS:
                return SensorResult(asset_events=events)
            if keys:
                rows = rows_of_day(date.fromisoformat(day))
                events += _closing(context.instance, day, keys, rows)
        if left and not events:
            return SkipReason(f"Commits of past days wait for {len(left)} tables.")
        return SensorResult(
            # A check counts for the materialisations before it.
            run_requests=[RunRequest()] if events else [],
            asset_events=events,
            cursor=None if left else yesterday.isoformat(),
        )

    return close


def _waiting_on(day: date, waiting: Mapping[str, Sequence[Commit]]) -> set[AssetKey]:
    """Name the tables that commits of a day are to be processed or loaded into."""
    to_process, to_load = (
        [commit for commit in waiting[stage] if commit.date == day]
        for stage in ("processing", "storage")
    )
    shaped = {
        table.name
        for table in STAR.values()
        for commit in to_process
        if any(commit.touches(f"oltp/{name}") for name in table.inputs)
    }
    loaded = {name for name in STAR for commit in to_load if commit.holds(f"star/{name}")}
    return {
        *(AssetKey(["star", name]) for name in shaped),
        *(AssetKey(["warehouse", name]) for name in shaped | loaded),
    }


def _open_days(
    instance: DagsterInstance, days: PartitionsDefinition, today: date
) -> Iterator[tuple[str, list[AssetKey]]]:
    """Give the past days that assets miss, each with these assets."""
    layers = (("oltp", SOURCE), ("star", STAR), ("warehouse", STAR))
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
        metadata = {ROWS_WRITTEN: 0}
        if layer != "warehouse" or not landed:
            metadata["dagster/partition_row_count"] = landed
        yield AssetMaterialization(
            key,
            description=_RECORDED_ELSEWHERE if landed else _NOTHING_LANDED,
            metadata=metadata,
            partition=day,
            tags=version_tags(recorded_version(instance, key)),
        )
