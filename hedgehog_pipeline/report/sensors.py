"""The sensor that launches the job `report` when new commits are loaded.

It needs no cursor and no run key: the S3 metadata of the page has the commits that it shows, the
warehouse has the loaded commits, and the Dagster instance has the results of earlier runs.
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
    """Create the sensor.

    Args:
        is_due: returns whether the report has to be made at a time, aware UTC.
    """

    @sensor(
        name=_SENSOR,
        job_name=REPORT,
        minimum_interval_seconds=_INTERVAL_SECONDS,
        default_status=DefaultSensorStatus.RUNNING,
        description="Launches the job `report` when commits are loaded that the page does "
        "not show yet, at most every five minutes, and once a day.",
    )
    def evaluate(context: SensorEvaluationContext) -> RunRequest | SkipReason:
        now = datetime.now(timezone.utc)
        if live_runs(context.instance, (REPORT,), now):
            return SkipReason("A run of the job report is in progress.")
        if reason := reason_to_pause(context.instance, _SENSOR, now):
            return SkipReason(reason)
        if not is_due(now):
            return SkipReason("The report is up to date or recent, or the initial load runs.")
        return RunRequest()

    return evaluate
