"""The warehouse told in five questions, each with a picture, in one page that needs no network.

What draws (altair, vl-convert) is imported where a report is made.
"""

from datetime import datetime, timezone
from typing import TYPE_CHECKING

from dagster import Definitions, with_source_code_references

from hedgehog_pipeline.surroundings import Surroundings
from hedgehog_pipeline.totesys.report.assets import report, report_job
from hedgehog_pipeline.totesys.report.held import Held
from hedgehog_pipeline.totesys.report.pending import unreported
from hedgehog_pipeline.totesys.report.sensors import report_sensor

if TYPE_CHECKING:
    from hedgehog_pipeline.totesys.report.making import Report


def definitions(surroundings: Surroundings) -> Definitions:
    """Give the assets of the report, their job, and the sensor that launches it."""

    def due(now: datetime) -> Held | None:
        return unreported(surroundings.lake.processed.bucket, surroundings.warehouse, now)

    return Definitions(
        assets=with_source_code_references([report]),
        jobs=[report_job(surroundings.settings)],
        sensors=[report_sensor(due)],
    )


def make(surroundings: Surroundings) -> "Report":
    """Make the report of what the warehouse holds now."""
    from hedgehog_pipeline.totesys.report.making import make_report  # noqa: PLC0415 (altair)

    with surroundings.warehouse() as warehouse:
        bucket = surroundings.lake.processed.bucket
        return make_report(warehouse, bucket, datetime.now(timezone.utc))
