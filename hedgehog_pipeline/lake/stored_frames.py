"""Data frames of a data team's own assets, as Parquet in the processed bucket.

Each materialisation is an object of its own, `assets/<asset>/<partition>/<number>.parquet`, created
atomically. Numbers count down from 10^20 - 1, so the first key of a listing is the latest. Neither
a clock nor Dagster's records are needed, and earlier objects may be deleted.
"""

import io
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import quote

import pyarrow as pa
import pyarrow.parquet as pq

from hedgehog_pipeline.lake.bucket import Bucket

WHOLE = "whole"
"""The partition name of an asset without partitions."""

_FIRST = 10**20 - 1


@dataclass(frozen=True)
class StoredFrames:
    """The frames of one asset.

    Attributes:
        path: the components of the asset key.
    """

    bucket: Bucket
    path: Sequence[str]

    def write(self, partition: str, rows: pa.Table) -> tuple[str, int]:
        """Write the next frame of a partition; return its key and its size in bytes.

        If another writer is faster, this frame comes after its frame.
        """
        sink = io.BytesIO()
        pq.write_table(rows, sink, compression="zstd")
        body = sink.getvalue()
        while True:
            latest = self._latest(partition)
            number = _number(latest) - 1 if latest else _FIRST
            key = f"{self._folder(partition)}{number:020d}.parquet"
            if self.bucket.create(key, body) or self.bucket.read(key) == body:
                return key, len(body)

    def read(self, partition: str) -> pa.Table | None:
        """Read the latest frame of a partition, None if there is none."""
        latest = self._latest(partition)
        return pq.read_table(io.BytesIO(self.bucket.read(latest))) if latest else None

    def _latest(self, partition: str) -> str | None:
        found = next(self.bucket.objects(self._folder(partition)), None)
        return found.key if found else None

    def _folder(self, partition: str) -> str:
        asset = ".".join(quote(part, safe="").replace(".", "%2E") for part in self.path)
        return f"assets/{asset}/{quote(partition, safe='')}/"


def _number(key: str) -> int:
    return int(key.rpartition("/")[2].partition(".")[0])
