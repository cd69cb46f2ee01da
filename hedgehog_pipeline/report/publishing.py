"""The page in the processed bucket, and what it tells of itself.

It is the one object there that is written again: it stands under one name, for people, and nothing
is made of it. Which commits it tells of stands beside it, so that no cursor has to.
"""

from dataclasses import dataclass
from datetime import datetime

from hedgehog_pipeline.lake.bucket import Bucket

KEY = "report/index.html"
NOTHING = "nothing"
"""The mark of a page of an empty warehouse."""

_MARK = "commits"


@dataclass(frozen=True)
class Published:
    """The page that stands in the bucket.

    Attributes:
        mark: of the commits that it tells of (`LoadedCommits.mark`).
        at: when it was written, aware UTC.
    """

    mark: str
    at: datetime


def publish(bucket: Bucket, page: bytes, mark: str) -> None:
    """Put a page in the place of the one before."""
    bucket.replace(KEY, page, content_type="text/html; charset=utf-8", metadata={_MARK: mark})


def find_published(bucket: Bucket) -> Published | None:
    """Ask what the page in the bucket tells of, None where there is no page."""
    found = bucket.column_metadata(KEY)
    return Published(found.metadata.get(_MARK, NOTHING), found.modified) if found else None
