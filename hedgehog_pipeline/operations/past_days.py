"""Closes past days: what nothing landed in is reported as materialised, with no rows.

A run reports only the tables that changed, so that a day without a change of a table would read
"missing" in the UI for ever.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
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

from hedgehog_pipeline.materialized import ROWS_WRITTEN, recorded_version, version_tags
from hedgehog_pipeline.partitions import DAYS
from hedgehog_pipeline.schema.shop import SHOP
from hedgehog_pipeline.schema.star import STAR

_INTERVAL_SECONDS = 60
_MAX_EVENTS = 400
"""How many events one tick reports: a few seconds' worth."""

_NOTHING_LANDED = "Nothing landed on this day."
_RECORDED_ELSEWHERE = "What landed on this day was not recorded in this instance of Dagster."

RowsOfDay = Callable[[date], Counter[str]]
"""Counts the rows that a day's commits hold, by asset."""


def past_days_sensor(
    checks: str, rows_of_day: RowsOfDay, days: PartitionsDefinition = DAYS
) -> SensorDefinition:
    """Make the sensor.

    Args:
        checks: name of the job that evaluates the checks; it runs once the days are closed.
        rows_of_day: counts what the lake holds of a day, for days that this instance of Dagster
            has not seen.
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
        open_days = list(_open_days(context.instance, days, today))
        events: list[AssetMaterialization] = []
        for day, keys in open_days:
            if events and len(events) + len(keys) > _MAX_EVENTS:
                return SensorResult(asset_events=events)
            rows = rows_of_day(date.fromisoformat(day))
            events += _closing(context.instance, day, keys, rows)
        return SensorResult(
            # A check counts for the materialisations before it.
            run_requests=[RunRequest()] if events else [],
            asset_events=events,
            cursor=yesterday.isoformat(),
        )

    return close


def _open_days(
    instance: DagsterInstance, days: PartitionsDefinition, today: date
) -> Iterator[tuple[str, list[AssetKey]]]:
    """Give the past days that assets miss, each with these assets."""
    layers = (("oltp", SHOP), ("star", STAR), ("warehouse", STAR))
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
