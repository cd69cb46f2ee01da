"""The report: five questions about the sales in the warehouse, as one HTML page with charts.

Its packages are an extra (`pip install 'hedgehog-pipeline[report]'`), and are imported only when a
report is made. Without them the platform has no report.
"""

from datetime import datetime, timezone
from importlib.util import find_spec
from typing import TYPE_CHECKING

from dagster import AssetKey, Definitions

from hedgehog_pipeline.deployment import Deployment
from hedgehog_pipeline.errors import HedgehogError
from hedgehog_pipeline.model.source_lines import SourceLine, definition
from hedgehog_pipeline.orchestration.assets.source_links import linked
from hedgehog_pipeline.report.assets import report, report_job
from hedgehog_pipeline.report.pending import is_due
from hedgehog_pipeline.report.sensors import report_sensor

if TYPE_CHECKING:
    from hedgehog_pipeline.report.making import Report


_PACKAGES = ("altair", "jinja2", "PIL", "vl_convert")


def definitions(deployment: Deployment) -> Definitions:
    """Return the assets of the report, their job and their sensor; none without its packages."""
    if not _is_installed():
        return Definitions()

    def due(now: datetime) -> bool:
        return is_due(deployment.lake.processed.bucket, deployment.warehouse, now)

    return Definitions(
        assets=[linked(report, _line_of, deployment.settings.code_url)],
        jobs=[report_job(deployment.settings)],
        sensors=[report_sensor(due)],
    )


def make(deployment: Deployment) -> "Report":
    """Make the report from the current rows of the warehouse.

    Raises:
        HedgehogError: if the extra is not installed.
    """
    if not _is_installed():
        raise HedgehogError(
            "The report needs packages that are not installed: run "
            "`pip install 'hedgehog-pipeline[report]'`."
        )
    from hedgehog_pipeline.report.making import make_report  # noqa: PLC0415 (altair)

    with deployment.warehouse() as warehouse:
        bucket = deployment.lake.processed.bucket
        return make_report(warehouse, bucket, datetime.now(timezone.utc))


def _is_installed() -> bool:
    return all(find_spec(package) for package in _PACKAGES)


def _line_of(key: AssetKey) -> SourceLine | None:
    """Find the function of an asset: the query of a chapter, or the writer of the page."""
    chapter = key.path[-1]
    return definition(f"{__name__}.queries", chapter) or definition(
        f"{__name__}.page", "write_page"
    )
