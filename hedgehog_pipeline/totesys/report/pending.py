"""Whether the page has to be made anew."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import datetime, timedelta

from hedgehog_pipeline.lake.bucket import Bucket
from hedgehog_pipeline.storage.warehouse import Warehouse
from hedgehog_pipeline.totesys.report.held import Held, read_held
from hedgehog_pipeline.totesys.report.publishing import find_published

PAUSE = timedelta(minutes=5)
"""Between two pages: what a busy shop's loads commit meanwhile makes one."""


def unreported(
    bucket: Bucket, open_warehouse: Callable[[], AbstractContextManager[Warehouse]], now: datetime
) -> Held | None:
    """Give the commits that the page should tell of and does not, None where it need not be made.

    It need not while it is younger than `PAUSE` or the archive is on its way. A page of yesterday
    is made anew whatever it tells of: payments are a day later.

    Args:
        bucket: the processed bucket.
        open_warehouse: connects to the warehouse.
        now: the moment, aware UTC.
    """
    page = find_published(bucket)
    if page is not None and now < page.at + PAUSE:
        return None
    with open_warehouse() as warehouse:
        held = read_held(warehouse)
        if held is None or warehouse.is_building():
            return None
    if page is not None and (page.mark, page.at.date()) == (held.mark, now.date()):
        return None
    return held
