"""The sensor that has the report made anew when storage has committed.

It keeps no cursor and gives no run key: what the page tells of stands beside the page, what there
is to tell in the warehouse, how earlier tries ended in the instance.
"""

from collections.abc import Callable
from datetime import datetime, timezone

from dagster import (
    DefaultSensorStatus,
    RunRequest,
    SensorDefinition,
    SensorEvaluationContext,
    SkipReason,
    sensor,
)

from hedgehog_pipeline.stage_runs import live_runs, reason_to_pause
from hedgehog_pipeline.totesys.report.assets import REPORT
from hedgehog_pipeline.totesys.report.held import Held

_SENSOR = "report"
_INTERVAL_SECONDS = 30


def report_sensor(unreported: Callable[[datetime], Held | None]) -> SensorDefinition:
    """Make the sensor.

    Args:
        unreported: gives the commits that the page should tell of and does not, at a moment.
    """

    @sensor(
        name=_SENSOR,
        job_name=REPORT,
        minimum_interval_seconds=_INTERVAL_SECONDS,
        default_status=DefaultSensorStatus.RUNNING,
        description="Has the report made anew when the warehouse holds what it does not tell.",
    )
    def look(context: SensorEvaluationContext) -> RunRequest | SkipReason:
        now = datetime.now(timezone.utc)
        if live_runs(context.instance, (REPORT,), now):
            return SkipReason("A report is being made.")
        if reason := reason_to_pause(context.instance, _SENSOR, now):
            return SkipReason(reason)
        held = unreported(now)
        if held is None:
            return SkipReason("The report tells what the warehouse holds, or was just made.")
        return RunRequest(partition_key=held.date.isoformat())

    return look
