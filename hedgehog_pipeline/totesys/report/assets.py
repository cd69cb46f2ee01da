"""The assets `report/...`: one step, because the chapters of a page have to agree.

What draws (altair, vl-convert) is imported within the run: definitions are loaded far more often.
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

from hedgehog_pipeline.lake.lake import Lake
from hedgehog_pipeline.partitions import DAYS
from hedgehog_pipeline.settings import Settings
from hedgehog_pipeline.storage.resources import WarehouseResource

if TYPE_CHECKING:
    from dagster._core.definitions.unresolved_asset_job_definition import (
        UnresolvedAssetJobDefinition,
    )

    from hedgehog_pipeline.totesys.report.chapters import Chapter
    from hedgehog_pipeline.totesys.report.making import Report

GROUP = "report"
REPORT = "report"
"""The job, which is none of a stage's: a load does not wait for it."""

PAGE = AssetKey(["report", "page"])

_SALES = ("fact_sales_order", "dim_currency")
_CHAPTERS = {
    "revenue_by_month": ("Revenue of each month, in each currency.", _SALES),
    "best_designs": (
        "The designs that sell best.",
        ("fact_sales_order", "dim_design"),
    ),
    "staff_league": ("Who sells most, in each currency.", (*_SALES, "dim_staff")),
    "outstanding_payments": (
        "What is not paid yet, by how late it is.",
        ("fact_payment", "dim_currency", "dim_payment_type"),
    ),
    "orders_by_country": ("Where orders are delivered.", ("fact_sales_order", "dim_location")),
}


def _key_of(chapter: str) -> AssetKey:
    return AssetKey(["report", chapter])


@multi_asset(
    name="make_report",
    specs=[
        *(
            AssetSpec(
                _key_of(name),
                deps=[AssetKey(["warehouse", table]) for table in tables],
                description=description,
                group_name=GROUP,
                kinds={"altair"},
                owners=["team:data"],
            )
            for name, (description, tables) in _CHAPTERS.items()
        ),
        AssetSpec(
            PAGE,
            deps=[_key_of(name) for name in _CHAPTERS],
            description="All of it in one HTML page in the processed bucket, which loads nothing.",
            group_name=GROUP,
            kinds={"html", "s3"},
            owners=["team:data"],
        ),
    ],
    partitions_def=DAYS,
    pool=REPORT,
)
def report(
    context: AssetExecutionContext, lake: ResourceParam[Lake], warehouse: WarehouseResource
) -> Iterator[MaterializeResult[Any]]:
    """Tell what the warehouse holds now, whatever the day that a person launches it for."""
    from hedgehog_pipeline.totesys.report.making import make_report  # noqa: PLC0415 (imports altair)

    with warehouse.open() as target:
        made = make_report(target, lake.processed.bucket, datetime.now(timezone.utc))
    context.log.info(str(made))
    told = {chapter.name: chapter for chapter in made.chapters}
    for name in _CHAPTERS:
        yield MaterializeResult[Any](
            asset_key=_key_of(name), metadata=_metadata(made, told[name]) if told else {}
        )
    yield MaterializeResult[Any](
        asset_key=PAGE,
        metadata={
            "page": made.address,
            "bytes": len(made.page),
            "processed_commit": made.held.number if made.held else 0,
        },
    )


def report_job(settings: Settings) -> "UnresolvedAssetJobDefinition":
    """Give the job that makes the report."""
    return define_asset_job(
        REPORT,
        AssetSelection.groups(GROUP),
        description="Makes the report of what the warehouse holds.",
        tags=settings.tags_of(REPORT),
    )


def _metadata(made: "Report", chapter: "Chapter") -> dict[str, Any]:
    from hedgehog_pipeline.totesys.report.pictures import data_uri  # noqa: PLC0415 (imports vl-convert)

    picture = made.pictures.get(chapter.name)
    drawn = f"![{chapter.picture}]({data_uri('png', picture.png)})" if picture else None
    return {
        "dagster/row_count": len(chapter.rows),
        "summary": " ".join(chapter.summary),
        **({"picture": MetadataValue.md(drawn)} if drawn else {}),
    }
