"""The page in the processed bucket, and the commits that it shows.

It is the only object there that is overwritten: people open it under one key, and no other object
is made from it. Its S3 metadata has the fingerprint of the commits, so that the sensor needs no
cursor.
"""

from dataclasses import dataclass
from datetime import datetime

from hedgehog_pipeline.lake.bucket import Bucket

KEY = "report/index.html"
NOTHING = "nothing"
"""The fingerprint in the page of an empty warehouse."""

_METADATA_KEY = "commits"


@dataclass(frozen=True)
class Published:
    """The page in the bucket.

    Attributes:
        fingerprint: of the commits that it shows (`LoadedCommits.fingerprint`).
        at: when it was written, aware UTC.
    """

    fingerprint: str
    at: datetime


def publish(bucket: Bucket, page: bytes, fingerprint: str) -> None:
    """Write a page to the bucket, in place of the one before."""
    metadata = {_METADATA_KEY: fingerprint}
    bucket.replace(KEY, page, content_type="text/html; charset=utf-8", metadata=metadata)


def find_published(bucket: Bucket) -> Published | None:
    """Return the page in the bucket, None if there is none."""
    found = bucket.object_info(KEY)
    return Published(found.metadata.get(_METADATA_KEY, NOTHING), found.modified) if found else None
