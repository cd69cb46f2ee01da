"""Checkpoints: the state of a landed table at a commit, so that the whole log need not be read.

A checkpoint is derived from the ingestion log alone. Without one the log is read, so losing them
all loses nothing. Its key in the processed bucket has the table, a digest of its declared columns,
the commit and that commit's batch, so a changed declaration misses it and a rolled-back log is
detected. The key also has a digest of both objects, so an altered checkpoint is skipped.
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
from hedgehog_pipeline.model.tables import SourceTable

_LOGGER = logging.getLogger(__name__)

_FORMAT = 1
"""Raised when landed rows are read in a different way than before."""

_UNREAD = b"unread"
_ROWS, _TOMBSTONES = ".rows.parquet", ".tombstones.parquet"


@dataclass(frozen=True)
class Checkpoint:
    """The state of a landed table as of a commit.

    Attributes:
        number: number of the commit.
        batch: batch id of the commit.
        rows: the newest row of each key, without rows of the commits in `unread`.
        tombstones: the last tombstone of each key.
        unread: the earlier commits with rows that could not be read: they are read again each time,
            because the code that reads them may have been fixed.
    """

    number: int
    batch: str
    rows: pa.Table
    tombstones: pa.Table
    unread: Collection[int]


class CheckpointRef(NamedTuple):
    """A checkpoint as its key names it.

    Attributes:
        number: number of the commit.
        batch: batch id of the commit.
        digest: digest of its objects; empty for a checkpoint older than this part of the key.
    """

    number: int
    batch: str
    digest: str


@dataclass(frozen=True)
class Checkpoints:
    """The checkpoints of a source table."""

    bucket: Bucket
    table: SourceTable

    def before(self, number: int) -> list[CheckpointRef]:
        """List the checkpoints of commits before a number, the latest first."""
        names = (
            found.key.removeprefix(self._folder).removesuffix(_ROWS)
            for found in self.bucket.objects(self._folder)
            if found.key.endswith(_ROWS)
        )
        refs = map(_parse_name, names)
        return sorted((ref for ref in refs if ref.number < number), reverse=True)

    def read(self, ref: CheckpointRef, schema: pa.Schema) -> Checkpoint | None:
        """Read a checkpoint; None if one of its objects was deleted (which is allowed) or altered.

        Args:
            ref: the checkpoint to read.
            schema: Arrow schema of its rows.
        """
        bodies = [self.bucket.find(self._key(ref, ending)) for ending in (_TOMBSTONES, _ROWS)]
        tombstones, rows = bodies
        if tombstones is None or rows is None:
            return None
        if not ref.digest or digest_of(tombstones + rows) == ref.digest:
            with suppress(pa.ArrowException, OSError, ValueError):
                return _read(ref, tombstones, rows, schema)
        keys = " and ".join(self._key(ref, ending) for ending in (_ROWS, _TOMBSTONES))
        _LOGGER.warning(
            "The checkpoint of %s at commit %d was altered, so the log is read instead. Delete its "
            "objects %s from the bucket %s: nothing is lost.",
            *(self.table.name, ref.number, keys, self.bucket.name),
        )
        return None

    def write(self, checkpoint: Checkpoint) -> None:
        """Write a checkpoint, its rows last: it exists once they do.

        Another writer's checkpoint may differ in its bytes and has its own key: both are valid.
        """
        unread = " ".join(map(str, checkpoint.unread)).encode()
        rows = _parquet(checkpoint.rows.replace_schema_metadata({_UNREAD: unread}))
        tombstones = _parquet(checkpoint.tombstones)
        ref = CheckpointRef(checkpoint.number, checkpoint.batch, digest_of(tombstones + rows))
        for ending, body in ((_TOMBSTONES, tombstones), (_ROWS, rows)):
            self.bucket.create(self._key(ref, ending), body)

    @property
    def _folder(self) -> str:
        digest = sha256(f"{_FORMAT} {self.table.columns}".encode()).hexdigest()[:16]
        return f"checkpoints/oltp/{self.table.name}/{digest}/"

    def _key(self, ref: CheckpointRef, ending: str) -> str:
        digest = f".{ref.digest}" if ref.digest else ""
        return f"{self._folder}{ref.number:020d}-{ref.batch}{digest}{ending}"


def _parse_name(name: str) -> CheckpointRef:
    number, _, rest = name.partition("-")
    batch, _, digest = rest.partition(".")
    return CheckpointRef(int(number), batch, digest)


def _read(ref: CheckpointRef, tombstones: bytes, rows: bytes, schema: pa.Schema) -> Checkpoint:
    file = pq.ParquetFile(io.BytesIO(rows))
    unread = (file.schema_arrow.metadata or {}).get(_UNREAD, b"").decode()
    return Checkpoint(
        ref.number,
        ref.batch,
        pa.table(file.read().columns, schema=schema),
        pq.read_table(io.BytesIO(tombstones), schema=TOMBSTONES_ARROW),
        [int(commit) for commit in unread.split()],
    )


def _parquet(table: pa.Table) -> bytes:
    body = io.BytesIO()
    pq.write_table(table, body, compression="zstd")
    return body.getvalue()
