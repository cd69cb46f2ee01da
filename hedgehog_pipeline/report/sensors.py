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

from hedgehog_pipeline.orchestration.run_status import live_runs, reason_to_pause
from hedgehog_pipeline.report.assets import REPORT

_SENSOR = "report"
_INTERVAL_SECONDS = 30


def report_sensor(is_due: Callable[[datetime], bool]) -> SensorDefinition:
    """Make the sensor.

    Args:
        is_due: tells whether the report has to be made, at a moment.
    """

    @sensor(
        name=_SENSOR,
        job_name=REPORT,
        minimum_interval_seconds=_INTERVAL_SECONDS,
        default_status=DefaultSensorStatus.RUNNING,
        description="Launches the job `report` when the warehouse holds commits that the page does "
        "not show yet, at most every five minutes, and once a day.",
    )
    def look(context: SensorEvaluationContext) -> RunRequest | SkipReason:
        now = datetime.now(timezone.utc)
        if live_runs(context.instance, (REPORT,), now):
            return SkipReason("A report is being made.")
        if reason := reason_to_pause(context.instance, _SENSOR, now):
            return SkipReason(reason)
        if not is_due(now):
            return SkipReason("The report shows what the warehouse holds, or was just made.")
        return RunRequest()

    return look
