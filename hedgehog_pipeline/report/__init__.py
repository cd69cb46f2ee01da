"""The report: five questions about the sales in the warehouse, as one HTML page with charts.

The chart libraries (altair, vl-convert) are imported only when a report is made.
"""

from datetime import datetime, timezone
from typing import TYPE_CHECKING

from dagster import AssetKey, Definitions

from hedgehog_pipeline.deployment import Deployment
from hedgehog_pipeline.model.source_lines import SourceLine, definition
from hedgehog_pipeline.orchestration.assets.source_links import linked
from hedgehog_pipeline.report.assets import report, report_job
from hedgehog_pipeline.report.pending import is_due
from hedgehog_pipeline.report.sensors import report_sensor

if TYPE_CHECKING:
    from hedgehog_pipeline.report.making import Report


def definitions(deployment: Deployment) -> Definitions:
    """Return the assets of the report, their job and their sensor."""

    def due(now: datetime) -> bool:
        return is_due(deployment.lake.processed.bucket, deployment.warehouse, now)

    return Definitions(
        assets=[linked(report, _line_of, deployment.settings.code_url)],
        jobs=[report_job(deployment.settings)],
        sensors=[report_sensor(due)],
    )


def make(deployment: Deployment) -> "Report":
    """Make the report from the current rows of the warehouse."""
    from hedgehog_pipeline.report.making import make_report  # noqa: PLC0415 (altair)

    with deployment.warehouse() as warehouse:
        bucket = deployment.lake.processed.bucket
        return make_report(warehouse, bucket, datetime.now(timezone.utc))


def _line_of(key: AssetKey) -> SourceLine | None:
    """Find the function of an asset: the query of a chapter, or the writer of the page."""
    chapter = key.path[-1]
    return definition(f"{__name__}.queries", chapter) or definition(
        f"{__name__}.page", "write_page"
    )
