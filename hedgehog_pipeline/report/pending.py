"""Whether the page has to be made anew."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import datetime, timedelta

from hedgehog_pipeline.lake.bucket import Bucket
from hedgehog_pipeline.report.loaded_commits import read_loaded
from hedgehog_pipeline.report.publishing import find_published
from hedgehog_pipeline.storage.warehouse import Warehouse

PAUSE = timedelta(minutes=5)
"""Between two pages: what a busy shop's loads commit meanwhile makes one."""


def is_due(
    bucket: Bucket, open_warehouse: Callable[[], AbstractContextManager[Warehouse]], now: datetime
) -> bool:
    """Tell whether the warehouse holds commits that the page does not show.

    Not while the page is younger than `PAUSE` or the archive is on its way. A page of yesterday
    is always due: payments are a day later.

    Args:
        bucket: the processed bucket.
        open_warehouse: connects to the warehouse.
        now: the moment, aware UTC.
    """
    page = find_published(bucket)
    if page is not None and now < page.at + PAUSE:
        return False
    with open_warehouse() as warehouse:
        held = read_loaded(warehouse)
        if held is None or warehouse.is_building():
            return False
    return page is None or (page.mark, page.at.date()) != (held.mark, now.date())
