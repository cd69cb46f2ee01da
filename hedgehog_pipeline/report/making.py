"""Make a report: query the warehouse in one snapshot, write the page, publish it."""

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
    """A published report.

    Attributes:
        chapters: empty for an empty warehouse.
        pictures: by the name of the chapter.
        page: the HTML file.
        address: the `s3://` address of the page.
        loaded: the commits that it shows, None for an empty warehouse.
    """

    chapters: Sequence[Chapter]
    pictures: Mapping[str, Picture]
    page: bytes
    address: str
    loaded: LoadedCommits | None

    def __str__(self) -> str:
        """Return the address and the last commit that the report shows."""
        through = (
            f"through processed commit {self.loaded.number}" if self.loaded else "nothing loaded"
        )
        return f"{self.address} ({through})"


def make_report(warehouse: Warehouse, bucket: Bucket, now: datetime) -> Report:
    """Query the warehouse, write the page and publish it.

    Args:
        warehouse: the warehouse, with or without its tables.
        bucket: the processed bucket.
        now: the current time, aware UTC; payments are late as of its day.

    Raises:
        HedgehogError: if the page cannot be written to the bucket.
    """
    with warehouse.snapshot():  # a concurrent load is in all queries or in none
        loaded = read_loaded(warehouse)
        building = loaded is not None and warehouse.is_building()
        chapters = _query(warehouse, now) if loaded else ()
    pictures = {c.name: Picture.of(c.chart) for c in chapters if c.chart is not None}
    page = write_page(chapters, pictures, loaded, now, building=building)
    publish(bucket, page, loaded.fingerprint if loaded else NOTHING)
    return Report(chapters, pictures, page, f"s3://{bucket.name}/{KEY}", loaded)


def _query(warehouse: Warehouse, now: datetime) -> Sequence[Chapter]:
    connection, today = warehouse.connection, now.date()
    return (
        revenue_chapter(revenue_by_month(connection)),
        designs_chapter(best_designs(connection)),
        staff_chapter(staff_league(connection)),
        outstanding_chapter(outstanding_payments(connection, today), today),
        countries_chapter(orders_by_country(connection)),
    )
