"""A report made: the warehouse asked in one snapshot, the page put into the processed bucket."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from hedgehog_pipeline.lake.bucket import Bucket
from hedgehog_pipeline.report.chapters import (
    Chapter,
    countries_chapter,
    designs_chapter,
    outstanding_chapter,
    revenue_chapter,
    staff_chapter,
)
from hedgehog_pipeline.report.loaded_commits import LoadedCommits, read_loaded
from hedgehog_pipeline.report.page import write_page
from hedgehog_pipeline.report.pictures import Picture
from hedgehog_pipeline.report.publishing import KEY, NOTHING, publish
from hedgehog_pipeline.report.queries import (
    best_designs,
    orders_by_country,
    outstanding_payments,
    revenue_by_month,
    staff_league,
)
from hedgehog_pipeline.storage.warehouse import Warehouse


@dataclass(frozen=True)
class Report:
    """A report as it was published.

    Attributes:
        chapters: what it tells; none of an empty warehouse.
        pictures: by the name of the chapter.
        page: the HTML file.
        address: where it stands in S3.
        held: the commits that it tells of, None of an empty warehouse.
    """

    chapters: Sequence[Chapter]
    pictures: Mapping[str, Picture]
    page: bytes
    address: str
    held: LoadedCommits | None

    def __str__(self) -> str:
        """Say where it stands, and what it tells of."""
        through = f"through processed commit {self.held.number}" if self.held else "nothing loaded"
        return f"{self.address} ({through})"


def make_report(warehouse: Warehouse, bucket: Bucket, now: datetime) -> Report:
    """Ask the warehouse, write the page and put it into the processed bucket.

    Args:
        warehouse: the warehouse, prepared or not.
        bucket: the processed bucket.
        now: the moment, aware UTC; payments are late by its day.

    Raises:
        HedgehogError: where the bucket takes no page.
    """
    with warehouse.snapshot():  # a load meanwhile is in all answers or in none
        held = read_loaded(warehouse)
        building = held is not None and warehouse.is_building()
        chapters = _ask(warehouse, now) if held else ()
    pictures = {c.name: Picture.of(c.chart) for c in chapters if c.chart is not None}
    page = write_page(chapters, pictures, held, now, building=building)
    publish(bucket, page, held.mark if held else NOTHING)
    return Report(chapters, pictures, page, f"s3://{bucket.name}/{KEY}", held)


def _ask(warehouse: Warehouse, now: datetime) -> Sequence[Chapter]:
    connection, today = warehouse.connection, now.date()
    return (
        revenue_chapter(revenue_by_month(connection)),
        designs_chapter(best_designs(connection)),
        staff_chapter(staff_league(connection)),
        outstanding_chapter(outstanding_payments(connection, today), today),
        countries_chapter(orders_by_country(connection)),
    )
