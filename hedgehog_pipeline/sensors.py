"""The three sensors: one scans the shop, one watches each commit log.

They keep no cursor and give no run key: what waits is told by the shop and the logs alone, so that
work which failed is launched again.
"""

from collections.abc import Callable, Sequence
from datetime import datetime, timezone

from dagster import (
    DefaultSensorStatus,
    RunRequest,
    SensorDefinition,
    SensorEvaluationContext,
    SkipReason,
    sensor,
)

from hedgehog_pipeline.in_flight import is_in_flight
from hedgehog_pipeline.lake.commits import Commit
from hedgehog_pipeline.runs import tags_for

_INTERVAL_SECONDS = 2
"""Below the daemon's own beat of five seconds; at five, every other tick would be missed."""


def shop_sensor(shop_has_changes: Callable[[], bool]) -> SensorDefinition:
    """Make the sensor that launches extraction.

    Args:
        shop_has_changes: asks the shop whether a capture would land something.
    """

    @sensor(
        name="shop",
        job_name="extraction",
        minimum_interval_seconds=_INTERVAL_SECONDS,
        default_status=DefaultSensorStatus.RUNNING,
        description="Scans the shop for changes and launches extraction.",
    )
    def scan(context: SensorEvaluationContext) -> RunRequest | SkipReason:
        now = datetime.now(timezone.utc)
        if is_in_flight(context.instance, "extraction", now):
            return SkipReason("A capture is at work.")
        if not shop_has_changes():
            return SkipReason("The shop holds nothing new.")
        return RunRequest(partition_key=now.date().isoformat())

    return scan


def log_sensor(name: str, job: str, pending: Callable[[], Sequence[Commit]]) -> SensorDefinition:
    """Make a sensor that launches a stage for the commits that wait for it, of one day.

    Args:
        name: of the sensor.
        job: of the stage.
        pending: reads the commits that wait.
    """

    @sensor(
        name=name,
        job_name=job,
        minimum_interval_seconds=_INTERVAL_SECONDS,
        default_status=DefaultSensorStatus.RUNNING,
        description=f"Watches the {name.replace('_', ' ')} in S3 and launches {job}.",
    )
    def watch(context: SensorEvaluationContext) -> RunRequest | SkipReason:
        if is_in_flight(context.instance, job, datetime.now(timezone.utc)):
            return SkipReason(f"A run of {job} is at work.")
        commits = pending()
        if not commits:
            return SkipReason("No commit waits.")
        return RunRequest(partition_key=commits[0].date.isoformat(), tags=tags_for(commits))

    return watch
