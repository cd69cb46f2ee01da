"""A batch in the making: an id, a day, and the parts written so far."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

from hedgehog_pipeline.errors import HedgehogError
from hedgehog_pipeline.lake.bucket import Bucket
from hedgehog_pipeline.lake.commits import Part


def batch_id(now: datetime) -> str:
    """Make an id that sorts by time and that no other writer makes.

    Args:
        now: the moment, aware UTC.
    """
    return f"{now:%Y%m%dT%H%M%S%f}Z-{secrets.token_hex(4)}"


@dataclass
class Batch:
    """Parts that will stand in one commit, or nowhere.

    Attributes:
        id: see `batch_id`.
        date: UTC day on which the batch lands.
        bucket: where it lands.
        parts: what was written so far.
    """

    id: str
    date: date
    bucket: Bucket
    parts: list[Part] = field(default_factory=list[Part])

    def write(
        self, asset: str, extension: str, body: bytes, rows: int, columns: Sequence[str]
    ) -> None:
        """Write the next part of an asset; its key belongs to this batch alone."""
        place = sum(part.asset == asset for part in self.parts)
        key = f"{asset}/{self.date}/{self.id}-{place}.{extension}"
        if not self.bucket.create(key, body) and self.bucket.read(key) != body:
            raise HedgehogError(
                f"The object {key} in the bucket {self.bucket.name} was written by somebody else; "
                "nothing is overwritten: run again, which takes a new key."
            )
        part = Part(asset=asset, key=key, rows=rows, bytes=len(body), columns=tuple(columns))
        self.parts.append(part)

    def parts_of(self, asset: str) -> list[Part]:
        """Give the parts of an asset that were written so far."""
        return [part for part in self.parts if part.asset == asset]
