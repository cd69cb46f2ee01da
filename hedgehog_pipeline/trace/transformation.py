"""Find the processing of a warehouse row: its processed commit, and its row in a Parquet object."""

import io
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Literal

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from hedgehog_pipeline.lake.batch import batch_time
from hedgehog_pipeline.lake.commits import ProcessedCommit
from hedgehog_pipeline.lake.log import CommitLog
from hedgehog_pipeline.lake.parts import read_as
from hedgehog_pipeline.model.tables import INGESTION_COMMIT, StarTable
from hedgehog_pipeline.trace.warehouse_rows import Key, WarehouseRow


@dataclass(frozen=True)
class Transformation:
    """The processing that made a row of the star.

    Attributes:
        commit: number of the processed commit.
        kind: `processed`, or `restatement` where the row was processed again.
        processed_at: when the processing began, UTC.
        part: `s3://` address of the Parquet object; None where no part of the commit has the row:
            Hedgehog did not write it.
        row: the columns of the row in that object.
        older: the columns that were declared or changed after the row was transformed: the value in
            the warehouse came from `hedgehog migrate`, and is in no object.
    """

    commit: int
    kind: Literal["processed", "restatement"]
    processed_at: datetime
    part: str | None = None
    row: Mapping[str, Any] = field(default_factory=dict[str, Any])
    older: tuple[str, ...] = ()


def find_transformation(
    log: CommitLog[ProcessedCommit], table: StarTable, key: Key, row: WarehouseRow
) -> Transformation | None:
    """Find the processing that made a row; None for an inferred member."""
    if not row.processed_commit:
        return None
    commit = log.read(row.processed_commit)
    made = Transformation(commit.number, commit.kind, batch_time(commit.batch))
    is_commit = pc.field(INGESTION_COMMIT.name) == row.ingestion_commit
    is_row = (pc.field(table.key.name) == key) & is_commit
    for part in commit.parts_of(f"star/{table.name}"):
        rows = read_as(
            log.bucket, part, lambda body: pq.read_table(io.BytesIO(body), filters=is_row)
        )
        if rows.num_rows:
            values = rows.slice(length=1).to_pylist()[0]
            older = tuple(_older(table, rows.schema, values))
            return replace(made, part=f"s3://{log.bucket.name}/{part.key}", row=values, older=older)
    return made


def _older(table: StarTable, schema: pa.Schema, row: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the columns that a part lacks, has in another type, or has without a default."""
    types = dict(zip(schema.names, schema.types, strict=True))
    return tuple(
        column.name
        for column in table.columns
        if types.get(column.name) != column.type.arrow
        or (row[column.name] is None and not column.nullable)
    )
