"""Checkpoints: what the log of a table comes down to at a commit, so that it need not all be read.

A checkpoint is made of the ingestion log alone, and the log is read where there is none: losing all
of them loses nothing. It stands in the processed bucket under the table, a digest of its declared
columns, its commit and that commit's batch, so that another declaration finds none, and that a log
which was rolled back since is told. The digest of its two objects is part of their names.
"""

import io
from collections.abc import Collection
from dataclasses import dataclass
from hashlib import sha256
from typing import NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

from hedgehog_pipeline.errors import HedgehogError
from hedgehog_pipeline.lake.bucket import Bucket
from hedgehog_pipeline.lake.parts import digest_of
from hedgehog_pipeline.schema.quarantine import TOMBSTONES_ARROW
from hedgehog_pipeline.schema.shop import ShopTable

_FORMAT = 1
"""Raised when landed rows are read otherwise than before."""

_UNREAD = b"unread"
_ROWS, _TOMBSTONES = ".rows.parquet", ".tombstones.parquet"


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


class Kept(NamedTuple):
    """A checkpoint as its name tells of it.

    Attributes:
        number: of its commit.
        batch: id of that commit's batch.
        digest: of its objects, empty where it was written before that was kept.
    """

    number: int
    batch: str
    digest: str


@dataclass(frozen=True)
class Checkpoints:
    """The checkpoints of a table of the shop."""

    bucket: Bucket
    table: ShopTable

    def before(self, number: int) -> list[Kept]:
        """List those of commits before another, the last first."""
        names = (
            found.key.removeprefix(self._folder).removesuffix(_ROWS)
            for found in self.bucket.objects(self._folder)
            if found.key.endswith(_ROWS)
        )
        there = map(_kept_as, names)
        return sorted((kept for kept in there if kept.number < number), reverse=True)

    def read(self, kept: Kept, schema: pa.Schema) -> Checkpoint | None:
        """Read one; None where one of its objects was removed, as both may be.

        Args:
            kept: which one.
            schema: of the rows.

        Raises:
            HedgehogError: where it was altered.
        """
        bodies = [self.bucket.find(self._key(kept, ending)) for ending in (_TOMBSTONES, _ROWS)]
        tombstones, rows = bodies
        if tombstones is None or rows is None:
            return None
        if kept.digest and digest_of(tombstones + rows) != kept.digest:
            raise self._altered(kept)
        try:
            return _read(kept, tombstones, rows, schema)
        except (pa.ArrowException, OSError) as error:
            raise self._altered(kept) from error

    def keep(self, checkpoint: Checkpoint) -> None:
        """Write one, its rows last: it is there when they are. Another writer's is as good."""
        unread = " ".join(map(str, checkpoint.unread)).encode()
        rows = _parquet(checkpoint.rows.replace_schema_metadata({_UNREAD: unread}))
        tombstones = _parquet(checkpoint.tombstones)
        kept = Kept(checkpoint.number, checkpoint.batch, digest_of(tombstones + rows))
        for ending, body in ((_TOMBSTONES, tombstones), (_ROWS, rows)):
            self.bucket.create(self._key(kept, ending), body)

    @property
    def _folder(self) -> str:
        digest = sha256(f"{_FORMAT} {self.table.columns}".encode()).hexdigest()[:16]
        return f"checkpoints/oltp/{self.table.name}/{digest}/"

    def _key(self, kept: Kept, ending: str) -> str:
        digest = f".{kept.digest}" if kept.digest else ""
        return f"{self._folder}{kept.number:020d}-{kept.batch}{digest}{ending}"

    def _altered(self, kept: Kept) -> HedgehogError:
        tombstones, rows = (self._key(kept, ending) for ending in (_TOMBSTONES, _ROWS))
        return HedgehogError(
            f"The checkpoint of {self.table.name} at commit {kept.number} was altered. Delete its "
            f"objects {rows} and {tombstones} from the bucket {self.bucket.name}: the log is read "
            "instead. See docs/operations.md."
        )


def _kept_as(name: str) -> Kept:
    number, _, rest = name.partition("-")
    batch, _, digest = rest.partition(".")
    return Kept(int(number), batch, digest)


def _read(kept: Kept, tombstones: bytes, rows: bytes, schema: pa.Schema) -> Checkpoint:
    file = pq.ParquetFile(io.BytesIO(rows))
    unread = (file.schema_arrow.metadata or {}).get(_UNREAD, b"").decode()
    return Checkpoint(
        kept.number,
        kept.batch,
        pa.table(file.read().columns, schema=schema),
        pq.read_table(io.BytesIO(tombstones), schema=TOMBSTONES_ARROW),
        [int(commit) for commit in unread.split()],
    )


def _parquet(table: pa.Table) -> bytes:
    body = io.BytesIO()
    pq.write_table(table, body, compression="zstd")
    return body.getvalue()
