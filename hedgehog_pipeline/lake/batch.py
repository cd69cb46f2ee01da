"""A batch in the making: an id, a day, and the parts written so far."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timezone

from hedgehog_pipeline.errors import HedgehogError
from hedgehog_pipeline.lake.bucket import Bucket
from hedgehog_pipeline.lake.commits import CHANGING_KINDS, Part, PartKind, RowCounts
from hedgehog_pipeline.lake.parts import digest_of

_MOMENT = "%Y%m%dT%H%M%S%fZ"


def batch_id(now: datetime) -> str:
    """Make an id that sorts by time and that no other writer makes.

    Args:
        now: the moment, aware UTC.
    """
    return f"{now:{_MOMENT}}-{secrets.token_hex(4)}"


def batch_moment(batch: str) -> datetime:
    """Give the moment, aware UTC, at which the writer of a batch began."""
    moment, _, _ = batch.partition("-")
    return datetime.strptime(moment, _MOMENT).replace(tzinfo=timezone.utc)


@dataclass
class Batch:
    """Parts that will stand in one commit, or nowhere.

    Attributes:
        id: see `batch_id`.
        date: UTC day on which the batch lands.
        bucket: where it lands.
        extension: of the keys of its parts, `csv` or `parquet`.
        counts_before: the row counts that its commit continues, None where nobody knows them.
        counted: whether its rows add to these; those of a replay were counted before.
        parts: what was written so far.
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
        """Write the next part of an asset; its key belongs to this batch alone."""
        place = len(self.parts_of(asset, kind))
        folder = asset if kind == "rows" else f"{kind}/{asset}"
        key = f"{folder}/{self.date}/{self.id}-{place}.{self.extension}"
        if not self.bucket.create(key, body) and self.bucket.read(key) != body:
            raise HedgehogError(
                f"The object {key} in the bucket {self.bucket.name} was written by somebody else; "
                "nothing is overwritten: run again, which takes a new key."
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
        """Give the parts of a kind of an asset that were written so far."""
        return [part for part in self.parts if (part.asset, part.kind) == (asset, kind)]

    def touches(self, asset: str) -> bool:
        """Tell whether something of an asset was written beside the keys that a sweep saw."""
        return any(part.asset == asset and part.kind != "keys" for part in self.parts)

    def changes(self, asset: str) -> bool:
        """Tell whether rows of an asset were written, or keys that are gone from it."""
        return any(part.asset == asset and part.kind in CHANGING_KINDS for part in self.parts)
