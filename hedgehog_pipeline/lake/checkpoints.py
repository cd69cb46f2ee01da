"""Checkpoints: what the log of a table comes down to at a commit, so that it need not all be read.

A checkpoint is made of the ingestion log alone, and the log is read where there is none: losing all
of them loses nothing. It stands in the processed bucket under the table, a digest of its declared
columns, its commit and that commit's batch, so that another declaration finds none, and that a log
which was rolled back since is told.
"""

import io
from collections.abc import Collection
from dataclasses import dataclass
from hashlib import sha256

import pyarrow as pa
import pyarrow.parquet as pq

from hedgehog_pipeline.lake.bucket import Bucket
from hedgehog_pipeline.schema.quarantine import TOMBSTONES_ARROW
from hedgehog_pipeline.schema.shop import ShopTable

_FORMAT = 1
"""Raised when landed rows are read otherwise than before."""

_UNREAD = b"unread"


@dataclass(frozen=True)
class Checkpoint:
    """A landed table as of a commit.

    Attributes:
        number: of the commit.
        batch: id of its batch.
        rows: the newest row of each key but for those of the commits that are left to be read.
        tombstones: the last one of each key.
        unread: the commits up to it that hold rows which could not be read: they are read again,
            because the code that reads them may have been mended.
    """

    number: int
    batch: str
    rows: pa.Table
    tombstones: pa.Table
    unread: Collection[int]


@dataclass(frozen=True)
class Checkpoints:
    """The checkpoints of a table of the shop."""

    bucket: Bucket
    table: ShopTable

    def before(self, number: int) -> list[tuple[int, str]]:
        """List those of commits before another, the last first, by number and batch."""
        names = (
            found.key.removeprefix(self._folder).removesuffix(".rows.parquet").partition("-")
            for found in self.bucket.objects(self._folder)
            if found.key.endswith(".rows.parquet")
        )
        there = [(int(commit), batch) for commit, _, batch in names]
        return sorted((found for found in there if found[0] < number), reverse=True)

    def read(self, number: int, batch: str, schema: pa.Schema) -> Checkpoint:
        """Read one.

        Args:
            number: of its commit.
            batch: id of that commit's batch.
            schema: of the rows.
        """
        rows = pq.ParquetFile(io.BytesIO(self.bucket.read(self._key(number, batch, "rows"))))
        unread = (rows.schema_arrow.metadata or {}).get(_UNREAD, b"").decode()
        tombstones = self.bucket.read(self._key(number, batch, "tombstones"))
        return Checkpoint(
            number,
            batch,
            pa.table(rows.read().columns, schema=schema),
            pq.read_table(io.BytesIO(tombstones), schema=TOMBSTONES_ARROW),
            [int(commit) for commit in unread.split()],
        )

    def keep(self, checkpoint: Checkpoint) -> None:
        """Write one, its rows last: it is there when they are. Another writer's is as good."""
        unread = " ".join(map(str, checkpoint.unread)).encode()
        rows = checkpoint.rows.replace_schema_metadata({_UNREAD: unread})
        for name, table in (("tombstones", checkpoint.tombstones), ("rows", rows)):
            body = io.BytesIO()
            pq.write_table(table, body, compression="zstd")
            key = self._key(checkpoint.number, checkpoint.batch, name)
            self.bucket.create(key, body.getvalue())

    @property
    def _folder(self) -> str:
        digest = sha256(f"{_FORMAT} {self.table.columns}".encode()).hexdigest()[:16]
        return f"checkpoints/oltp/{self.table.name}/{digest}/"

    def _key(self, number: int, batch: str, name: str) -> str:
        return f"{self._folder}{number:020d}-{batch}.{name}.parquet"
