"""Read the object of a part, and check that it is what its commit says."""

from collections.abc import Callable
from csv import Error
from hashlib import sha256
from typing import TypeVar

import pyarrow as pa

from hedgehog_pipeline.errors import HedgehogError
from hedgehog_pipeline.lake.bucket import RESTORE, Bucket
from hedgehog_pipeline.lake.commits import Part
from hedgehog_pipeline.printable import printable

Read = TypeVar("Read")
"""The type that a part is parsed to."""

_MAX_LENGTH = 200


def digest_of(body: bytes) -> str:
    """Return the digest of a part, as its commit has it."""
    return sha256(body).hexdigest()


def read_body(bucket: Bucket, part: Part) -> bytes:
    """Read the object of a part, as bytes.

    Raises:
        HedgehogError: if it is missing, or is not what its commit says.
    """
    body = bucket.read(part.key)
    if len(body) != part.bytes:
        raise altered(bucket, part, _count("bytes", len(body), part.bytes))
    if part.sha256 is not None and digest_of(body) != part.sha256:
        raise altered(bucket, part, "its SHA-256 is not the one in its commit")
    return body


def read_as(bucket: Bucket, part: Part, parse: Callable[[bytes], Read]) -> Read:
    """Read a part and parse it.

    Args:
        parse: turns the bytes of the object into the result.

    Raises:
        HedgehogError: if it is missing, or is not what its commit says. Without a digest, damage
            may only show when it is parsed.
    """
    body = read_body(bucket, part)
    try:
        return parse(body)
    except (pa.ArrowException, Error, LookupError, OSError, TypeError, ValueError) as error:
        if part.sha256 is not None:
            raise
        why = printable(str(error), _MAX_LENGTH)
        raise altered(bucket, part, f"it cannot be read ({why})") from error


def read_rows(bucket: Bucket, part: Part, parse: Callable[[bytes], pa.Table]) -> pa.Table:
    """Read the rows of a part and check their number; see `read_as`."""
    rows = read_as(bucket, part, parse)
    confirm_rows(bucket, part, rows.num_rows)
    return rows


def confirm_rows(bucket: Bucket, part: Part, rows: int) -> None:
    """Check the number of rows read from a part: older commits have no digest of it.

    Raises:
        HedgehogError: if its commit has another number.
    """
    if rows != part.rows:
        raise altered(bucket, part, _count("rows", rows, part.rows))


def altered(bucket: Bucket, part: Part, difference: str) -> HedgehogError:
    """Return the error for a part that is not what its commit says."""
    return HedgehogError(
        f"The object {part.key} in the bucket {bucket.name} was altered: {difference}. {RESTORE}"
    )


def _count(what: str, found: int, expected: int) -> str:
    return f"it has {found:,} {what}, and its commit says {expected:,}"
