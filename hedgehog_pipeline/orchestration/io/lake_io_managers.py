"""The S3 IO managers: CSV into the ingestion bucket, Parquet into the processed one.

A stage passes them all rows of an asset in a batch, the table rows first. They load the frame that
a type hint names, pandas if there is none; or a handle, if the hint names one.
"""

from collections.abc import Sequence
from time import monotonic
from typing import Any

from dagster import (
    AssetKey,
    InputContext,
    IOManager,
    OutputContext,
)

from hedgehog_pipeline.deployment import Deployment
from hedgehog_pipeline.lake.batch import Batch
from hedgehog_pipeline.lake.commits import PartKind
from hedgehog_pipeline.lake.csv_writer import CsvRows
from hedgehog_pipeline.lake.landed import LandedTable
from hedgehog_pipeline.lake.newest_landed import read_newest
from hedgehog_pipeline.lake.parquet_parts import ParquetRows, ProcessedTable
from hedgehog_pipeline.lake.row_counts import lake_row_counts
from hedgehog_pipeline.lake.star_rows import read_rows
from hedgehog_pipeline.model.tables import StarTable
from hedgehog_pipeline.orchestration.assets.materializations import ROWS_WRITTEN, preview_metadata
from hedgehog_pipeline.orchestration.io.frame_types import as_hinted
from hedgehog_pipeline.orchestration.io.inputs import requested_days
from hedgehog_pipeline.orchestration.io.own_assets import load_frame, store_frame


class CsvIOManager(IOManager):
    """Writes `CsvRows`; loads a frame of the newest row of each key, or `LandedTable`."""

    def __init__(self, deployment: Deployment) -> None:
        self._deployment = deployment

    def handle_output(self, context: OutputContext, obj: Sequence[CsvRows]) -> None:
        """Write the rows as CSV parts of their batch."""
        context.add_output_metadata(self.write(context.asset_key, obj))

    def write(self, key: AssetKey, obj: Sequence[CsvRows]) -> dict[str, Any]:
        """Write the rows of an asset, planned or not; return the metadata."""
        return _write(key, obj, self._deployment.settings.part_bytes)

    def load_input(self, context: InputContext) -> Any:
        """Load the landed rows of a source table: on the requested days, or all."""
        source = self._deployment.model.source
        landed = self._deployment.lake.landed(source[context.asset_key.path[-1]])
        hint = context.dagster_type.typing_type
        if hint is LandedTable:
            return landed
        rows = read_newest(landed, requested_days(context))
        return as_hinted(rows, hint, context.asset_key.to_user_string())


class ParquetIOManager(IOManager):
    """Writes `ParquetRows`; loads a frame of the rows of a star table, or `ProcessedTable`.

    It stores and loads frames of any other asset as well (lake/stored_frames.py).
    """

    def __init__(self, deployment: Deployment) -> None:
        self._deployment = deployment

    def handle_output(self, context: OutputContext, obj: Any) -> None:
        """Write the rows of a star table as Parquet parts of their batch; any other frame whole."""
        if self._star_table(context.asset_key):
            context.add_output_metadata(self.write(context.asset_key, obj))
        else:
            store_frame(context, obj, self._deployment.lake.processed.bucket)

    def write(self, key: AssetKey, obj: Sequence[ParquetRows]) -> dict[str, Any]:
        """Write the rows of a star table, planned or not; return the metadata."""
        return _write(key, obj, self._deployment.settings.part_bytes)

    def load_input(self, context: InputContext) -> Any:
        """Load a star table, or the frame of another asset: some partitions, or all."""
        table = self._star_table(context.asset_key)
        processed = self._deployment.lake.processed
        hint = context.dagster_type.typing_type
        if table is None:
            rows = load_frame(context, processed.bucket)
        elif hint is ProcessedTable:
            return ProcessedTable(processed.bucket, table)
        else:
            rows = read_rows(processed, table, requested_days(context))
        return as_hinted(rows, hint, context.asset_key.to_user_string())

    def _star_table(self, key: AssetKey) -> StarTable | None:
        layer, *name = key.path
        return self._deployment.model.star.get(".".join(name)) if layer == "star" else None


def _write(
    key: AssetKey, obj: Sequence[CsvRows] | Sequence[ParquetRows], part_bytes: int
) -> dict[str, Any]:
    """Write the rows, read or transformed on the way, and return metadata for the UI.

    A run over several days passes a batch for each of them.
    """
    began = monotonic()
    asset = "/".join(key.path)
    previews = [rows.write(asset, part_bytes) for rows in obj]
    batches = list({rows.batch.id: rows.batch for rows in obj}.values())
    kinds: list[PartKind] = [rows.kind for rows in obj]
    parts = {kind: [p for batch in batches for p in batch.parts_of(asset, kind)] for kind in kinds}
    counts = {kind: sum(part.rows for part in written) for kind, written in parts.items()}
    metadata: dict[str, Any] = {
        ROWS_WRITTEN: counts.pop("rows", 0),
        "bytes": sum(part.bytes for written in parts.values() for part in written),
        "seconds": round(monotonic() - began, 3),
        "batch": ", ".join(batch.id for batch in batches),
        "parts": [
            f"s3://{batch.bucket.name}/{part.key}"
            for batch in batches
            for part in batch.parts
            if part.asset == asset
        ],
        **{kind: count for kind, count in counts.items() if count},
    }
    if preview := next((preview for preview in previews if preview.rows), None):
        metadata |= preview_metadata(preview)
    if len({batch.date for batch in batches}) == 1:
        metadata |= _row_counts(batches, asset)
    return metadata


def _row_counts(batches: Sequence[Batch], asset: str) -> dict[str, int]:
    """Count an asset's rows including these batches, which are of one day and count on together."""
    counted = [part for batch in batches if batch.counted for part in batch.parts_of(asset)]
    return lake_row_counts(batches[0].counts_before, asset, batches[0].date, counted)
