"""The object of a part, seen to be the one that its commit names."""

from hashlib import sha256

from hedgehog_pipeline.errors import HedgehogError
from hedgehog_pipeline.lake.bucket import RESTORE, Bucket
from hedgehog_pipeline.lake.commits import Part


def digest_of(body: bytes) -> str:
    """Give the digest that a commit keeps of a part."""
    return sha256(body).hexdigest()


def read_body(bucket: Bucket, part: Part) -> bytes:
    """Read the object of a part.

    Raises:
        HedgehogError: where it is missing, or is not what its commit says.
    """
    body = bucket.read(part.key)
    if len(body) != part.bytes:
        raise altered(bucket, part, _count("bytes", len(body), part.bytes))
    if part.sha256 is not None and digest_of(body) != part.sha256:
        raise altered(bucket, part, "its SHA-256 is not the one that its commit keeps")
    return body


def confirm_rows(bucket: Bucket, part: Part, rows: int) -> None:
    """See that so many rows are what a part holds; older commits keep no digest of it.

    Raises:
        HedgehogError: where its commit says otherwise.
    """
    if rows != part.rows:
        raise altered(bucket, part, _count("rows", rows, part.rows))


def altered(bucket: Bucket, part: Part, difference: str) -> HedgehogError:
    """Make the error of a part that is not what its commit says."""
    return HedgehogError(
        f"The object {part.key} in the bucket {bucket.name} was altered: {difference}. {RESTORE}"
    )


def _count(what: str, found: int, said: int) -> str:
    return f"it has {found:,} {what}, and its commit says {said:,}"
