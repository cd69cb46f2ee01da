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
from hedgehog_pipeline.model.star import StarTable

_OTHERS = {
    "tombstones": TOMBSTONES_ARROW,
    "quarantine": QUARANTINE_ARROW,
    "readmitted": RESOLUTIONS_ARROW,
}


@dataclass(frozen=True)
class ParquetRows:
    """Rows of a star table on their way into a batch, a bounded table at a time.

    Attributes:
        batch: the batch that they belong to.
        tables: the rows.
        kind: what the rows are.
    """

    batch: Batch
    tables: Iterable[pa.Table]
    kind: PartKind = "rows"

    def write(self, asset: str, part_bytes: int) -> Preview:
        """Write the rows, gathered into parts of about so many bytes in memory.

        Gives the first rows that were written.
        """
        preview = Preview()
        waiting: list[pa.Table] = []
        for table in preview.passing(self.tables):
            waiting.append(table)
            if sum(part.nbytes for part in waiting) >= part_bytes:
                self._flush(asset, waiting)
        self._flush(asset, waiting)
        return preview

    def _flush(self, asset: str, waiting: list[pa.Table]) -> None:
        rows = pa.concat_tables(waiting) if waiting else None
        waiting.clear()
        if rows is None or not rows.num_rows:
            return
        sink = io.BytesIO()
        pq.write_table(rows, sink, compression="zstd")
        self.batch.write(
            asset, self.kind, sink.getvalue(), rows=rows.num_rows, columns=rows.column_names
        )


@dataclass(frozen=True)
class ProcessedTable:
    """What the processed log holds of a star table; read when asked."""

    bucket: Bucket
    table: StarTable

    def rows_of(self, commit: ProcessedCommit, kind: PartKind = "rows") -> Iterator[pa.Table]:
        """Read what a commit holds of a kind, a part at a time.

        Raises:
            HedgehogError: where a part is missing or altered.
        """
        schema = {"rows": self.table.arrow, **_OTHERS}[kind]
        for part in commit.parts_of(f"star/{self.table.name}", kind):
            yield read_rows(
                self.bucket, part, lambda body: pq.read_table(io.BytesIO(body), schema=schema)
            )
