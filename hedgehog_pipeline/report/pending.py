"""Whether the page has to be rebuilt."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import datetime, timedelta

from hedgehog_pipeline.lake.bucket import Bucket
from hedgehog_pipeline.report.loaded_commits import read_loaded
from hedgehog_pipeline.report.publishing import find_published
from hedgehog_pipeline.storage.warehouse import Warehouse

PAUSE = timedelta(minutes=5)
"""The minimum time between two pages: all loads of a busy source in it make one page."""


def is_due(
    bucket: Bucket, open_warehouse: Callable[[], AbstractContextManager[Warehouse]], now: datetime
) -> bool:
    """Return whether commits are loaded that the page does not show, or the page is of yesterday.

    A page of yesterday is due because payments are one day later. No page is due within `PAUSE`
    after the last one, and during the initial load.

    Args:
        bucket: the processed bucket.
        open_warehouse: connects to the warehouse.
        now: the current time, aware UTC.
    """
    page = find_published(bucket)
    if page is not None and now < page.at + PAUSE:
        return False
    with open_warehouse() as warehouse:
        loaded = read_loaded(warehouse)
        if loaded is None or warehouse.is_building():
            return False
    return page is None or (page.fingerprint, page.at.date()) != (loaded.fingerprint, now.date())
