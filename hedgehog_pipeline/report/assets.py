"""The assets `report/...`, made in one step: all chapters show the same snapshot.

They have no partitions: a report always shows the current rows of the warehouse.

The chart libraries (altair, vl-convert) are imported only in a run, because definitions are loaded
far more often.
"""

from collections.abc import Iterator
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from dagster import (
    AssetExecutionContext,
    AssetKey,
    AssetSelection,
    AssetSpec,
    MaterializeResult,
    MetadataValue,
    ResourceParam,
    define_asset_job,
    multi_asset,
)

from hedgehog_pipeline.deployment import Deployment
from hedgehog_pipeline.orchestration.asset_keys import asset_key
from hedgehog_pipeline.settings import Settings

if TYPE_CHECKING:
    from dagster._core.definitions.unresolved_asset_job_definition import (
        UnresolvedAssetJobDefinition,
    )

    from hedgehog_pipeline.report.chapters import Chapter
    from hedgehog_pipeline.report.making import Report

GROUP = "report"
REPORT = "report"
"""The job; it belongs to no stage, so no load waits for it."""

_DESCRIPTION = """\
Makes the report: queries the warehouse, draws the charts, and replaces
`report/index.html` in the processed bucket.

The sensor `report` launches it after loads, at most every five minutes.

By hand: at any time. `hedgehog report` does the same on a terminal.
"""

PAGE = AssetKey(["report", "page"])

_SALES = ("fact_sales_order", "dim_currency")
_CHAPTERS = {
    "revenue_by_month": ("Revenue of each month in each currency, as a table and a chart.", _SALES),
    "best_designs": (
        "The ten designs that sold most in the last twelve months.",
        ("fact_sales_order", "dim_design"),
    ),
    "staff_league": (
        "Staff by revenue of the last twelve months, in each currency.",
        (*_SALES, "dim_staff"),
    ),
    "outstanding_payments": (
        "Payments that are not paid yet, grouped by how late they are.",
        ("fact_payment", "dim_currency", "dim_payment_type"),
    ),
    "orders_by_country": (
        "Sales orders of the last twelve months by the country of delivery.",
        ("fact_sales_order", "dim_location"),
    ),
}


def _asset_key(chapter: str) -> AssetKey:
    return AssetKey(["report", chapter])


@multi_asset(
    name="make_report",
    specs=[
        *(
            AssetSpec(
                _asset_key(name),
                deps=[asset_key("warehouse", table) for table in tables],
                description=description,
                group_name=GROUP,
                kinds={"altair"},
                owners=["team:data"],
            )
            for name, (description, tables) in _CHAPTERS.items()
        ),
        AssetSpec(
            PAGE,
            deps=[_asset_key(name) for name in _CHAPTERS],
            description="The five tables and charts in one HTML page: `report/index.html` in the "
            "processed bucket. The page works without a network.",
            group_name=GROUP,
            kinds={"html", "s3"},
            owners=["team:data"],
        ),
    ],
    pool=REPORT,
)
def report(
    context: AssetExecutionContext, deployment: ResourceParam[Deployment]
) -> Iterator[MaterializeResult[Any]]:
    """Make the report from the current rows of the warehouse."""
    from hedgehog_pipeline.report.making import make_report  # noqa: PLC0415 (imports altair)

    with deployment.warehouse() as warehouse:
        bucket = deployment.lake.processed.bucket
        made = make_report(warehouse, bucket, datetime.now(timezone.utc))
    context.log.info(str(made))
    chapters = {chapter.name: chapter for chapter in made.chapters}
    for name in _CHAPTERS:
        yield MaterializeResult[Any](
            asset_key=_asset_key(name), metadata=_metadata(made, chapters[name]) if chapters else {}
        )
    yield MaterializeResult[Any](
        asset_key=PAGE,
        metadata={
            "page": made.address,
            "bytes": len(made.page),
            "processed_commit": made.loaded.number if made.loaded else 0,
        },
    )


def report_job(settings: Settings) -> "UnresolvedAssetJobDefinition":
    """Return the job that makes the report."""
    return define_asset_job(
        REPORT,
        AssetSelection.groups(GROUP),
        description=_DESCRIPTION,
        tags=settings.tags_of(REPORT),
    )


def _metadata(made: "Report", chapter: "Chapter") -> dict[str, Any]:
    from hedgehog_pipeline.report.pictures import data_uri  # noqa: PLC0415 (imports vl-convert)

    picture = made.pictures.get(chapter.name)
    drawn = f"![{chapter.picture}]({data_uri('png', picture.png)})" if picture else None
    return {
        "dagster/row_count": len(chapter.rows),
        "summary": " ".join(chapter.summary),
        **({"picture": MetadataValue.md(drawn)} if drawn else {}),
    }
