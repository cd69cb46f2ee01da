"""Parquet parts: rows of the star, in the declared Arrow types."""

import io
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.parquet as pq

from hedgehog_pipeline.lake.batch import Batch
from hedgehog_pipeline.lake.bucket import Bucket
from hedgehog_pipeline.lake.commits import PartKind, ProcessedCommit
from hedgehog_pipeline.lake.parts import read_rows
from hedgehog_pipeline.lake.previews import Preview
from hedgehog_pipeline.model.side_tables import (
    QUARANTINE_ARROW,
    RESOLUTIONS_ARROW,
    TOMBSTONES_ARROW,
)
from hedgehog_pipeline.model.tables import StarTable

_SIDE_SCHEMAS = {
    "tombstones": TOMBSTONES_ARROW,
    "quarantine": QUARANTINE_ARROW,
    "readmitted": RESOLUTIONS_ARROW,
}


@dataclass(frozen=True)
class ParquetRows:
    """Rows of a star table to write into a batch, as Arrow tables of bounded size.

    Attributes:
        kind: what the rows are.
    """

    batch: Batch
    tables: Iterable[pa.Table]
    kind: PartKind = "rows"

    def write(self, asset: str, part_bytes: int) -> Preview:
        """Write the rows as parts and return a preview of the first rows.

        Args:
            part_bytes: approximate size of a part in memory.
        """
        preview = Preview()
        pending: list[pa.Table] = []
        for table in preview.passing(self.tables):
            pending.append(table)
            if sum(part.nbytes for part in pending) >= part_bytes:
                self._flush(asset, pending)
        self._flush(asset, pending)
        return preview

    def _flush(self, asset: str, pending: list[pa.Table]) -> None:
        rows = pa.concat_tables(pending) if pending else None
        pending.clear()
        if rows is None or not rows.num_rows:
            return
        sink = io.BytesIO()
        pq.write_table(rows, sink, compression="zstd")
        self.batch.write(
            asset, self.kind, sink.getvalue(), rows=rows.num_rows, columns=rows.column_names
        )


@dataclass(frozen=True)
class ProcessedTable:
    """A star table in the processed log, read lazily."""

    bucket: Bucket
    table: StarTable

    def rows_of(self, commit: ProcessedCommit, kind: PartKind = "rows") -> Iterator[pa.Table]:
        """Read the rows of a commit and a kind, one part at a time.

        Raises:
            HedgehogError: if a part is missing or altered.
        """
        schema = {"rows": self.table.arrow, **_SIDE_SCHEMAS}[kind]
        for part in commit.parts_of(f"star/{self.table.name}", kind):
            yield read_rows(
                self.bucket, part, lambda body: pq.read_table(io.BytesIO(body), schema=schema)
            )
