"""Checkpoints: what the log of a table comes down to at a commit, so that it need not all be read.

A checkpoint is made of the ingestion log alone, and the log is read where there is none: losing all
of them loses nothing. It stands in the processed bucket under the table, a digest of its declared
columns, its commit and that commit's batch, so that another declaration finds none, and that a log
which was rolled back since is told. The digest of its two objects is part of their names, so that
one of which a byte was altered is passed over as well.
"""

import io
import logging
from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from typing import NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

from hedgehog_pipeline.lake.bucket import Bucket
from hedgehog_pipeline.lake.parts import digest_of
from hedgehog_pipeline.model.side_tables import TOMBSTONES_ARROW
from hedgehog_pipeline.model.source import SourceTable

_LOGGER = logging.getLogger(__name__)

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
    table: SourceTable

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
        """Read one; None where one of its objects was removed, as both may be, or altered.

        Args:
            kept: which one.
            schema: of the rows.
        """
        bodies = [self.bucket.find(self._key(kept, ending)) for ending in (_TOMBSTONES, _ROWS)]
        tombstones, rows = bodies
        if tombstones is None or rows is None:
            return None
        if not kept.digest or digest_of(tombstones + rows) == kept.digest:
            with suppress(pa.ArrowException, OSError, ValueError):
                return _read(kept, tombstones, rows, schema)
        keys = " and ".join(self._key(kept, ending) for ending in (_ROWS, _TOMBSTONES))
        _LOGGER.warning(
            "The checkpoint of %s at commit %d was altered, so the log is read instead. Delete its "
            "objects %s from the bucket %s: nothing is lost.",
            *(self.table.name, kept.number, keys, self.bucket.name),
        )
        return None

    def keep(self, checkpoint: Checkpoint) -> None:
        """Write one, its rows last: it is there when they are.

        Another writer's may differ in its bytes and stands beside it: each is as good.
        """
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
