"""A batch that is being written: its id, its day and its parts so far."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timezone

from hedgehog_pipeline.errors import HedgehogError
from hedgehog_pipeline.lake.bucket import Bucket
from hedgehog_pipeline.lake.commits import CHANGING_KINDS, Part, PartKind, RowCounts
from hedgehog_pipeline.lake.parts import digest_of

_TIME_FORMAT = "%Y%m%dT%H%M%S%fZ"


def batch_id(now: datetime) -> str:
    """Return a new batch id: unique, and ids sort by time.

    Args:
        now: the current time, aware UTC.
    """
    return f"{now:{_TIME_FORMAT}}-{secrets.token_hex(4)}"


def batch_time(batch: str) -> datetime:
    """Return the time, aware UTC, at which the writer of a batch began."""
    time, _, _ = batch.partition("-")
    return datetime.strptime(time, _TIME_FORMAT).replace(tzinfo=timezone.utc)


@dataclass
class Batch:
    """Parts for one commit; without the commit they do not exist for any reader.

    Attributes:
        id: see `batch_id`.
        date: UTC day on which the batch lands.
        bucket: the bucket to write to.
        extension: file extension of its parts' keys, `csv` or `parquet`.
        counts_before: the row counts up to the commit before it, None if they are unknown.
        counted: whether its rows add to `counts_before`; a replay's rows were counted before.
        parts: the parts written so far.
    """

    id: str
    date: date
    bucket: Bucket
    extension: str
    counts_before: RowCounts | None = None
    counted: bool = True
    parts: list[Part] = field(default_factory=list[Part])

    def write(
        self, asset: str, kind: PartKind, body: bytes, *, rows: int, columns: Sequence[str]
    ) -> None:
        """Write the next part of an asset under a key that only this batch uses."""
        number = len(self.parts_of(asset, kind))
        folder = asset if kind == "rows" else f"{kind}/{asset}"
        key = f"{folder}/{self.date}/{self.id}-{number}.{self.extension}"
        if not self.bucket.create(key, body) and self.bucket.read(key) != body:
            raise HedgehogError(
                f"The object {key} in the bucket {self.bucket.name} was written by another writer. "
                "Nothing was overwritten; run again, which uses a new key."
            )
        part = Part(
            asset=asset,
            kind=kind,
            key=key,
            rows=rows,
            bytes=len(body),
            columns=tuple(columns),
            sha256=digest_of(body),
        )
        self.parts.append(part)

    def parts_of(self, asset: str, kind: PartKind = "rows") -> list[Part]:
        """Return the parts of an asset and a kind that were written so far."""
        return [part for part in self.parts if (part.asset, part.kind) == (asset, kind)]

    def touches(self, asset: str) -> bool:
        """Return whether an asset has a part here other than key ranges of delete detection."""
        return any(part.asset == asset and part.kind != "keys" for part in self.parts)

    def changes(self, asset: str) -> bool:
        """Return whether an asset has rows or tombstones here."""
        return any(part.asset == asset and part.kind in CHANGING_KINDS for part in self.parts)
