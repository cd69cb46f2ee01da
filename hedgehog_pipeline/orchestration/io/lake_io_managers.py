"""The S3 IO managers: CSV into the ingestion bucket, Parquet into the processed one.

What a stage hands them is all that a batch holds of an asset, the rows first. What they load is the
frame that a type hint asks for, pandas where there is none; a handle where it asks for that.
"""

from collections.abc import Sequence
from time import monotonic
from typing import Any

from dagster import (
    AssetKey,
    ConfigurableIOManager,
    InputContext,
    OutputContext,
    ResourceDependency,
)

from hedgehog_pipeline.lake.batch import Batch
from hedgehog_pipeline.lake.commits import PartKind
from hedgehog_pipeline.lake.csv_writer import CsvRows
from hedgehog_pipeline.lake.lake import Lake
from hedgehog_pipeline.lake.landed import LandedTable
from hedgehog_pipeline.lake.newest_landed import read_newest
from hedgehog_pipeline.lake.parquet_parts import ParquetRows, ProcessedTable
from hedgehog_pipeline.lake.row_counts import row_count_metadata
from hedgehog_pipeline.lake.star_rows import read_rows
from hedgehog_pipeline.model.source import SOURCE
from hedgehog_pipeline.model.star import STAR, StarTable
from hedgehog_pipeline.orchestration.assets.materializations import ROWS_WRITTEN, preview_metadata
from hedgehog_pipeline.orchestration.io.frame_types import as_hinted
from hedgehog_pipeline.orchestration.io.inputs import asked_days
from hedgehog_pipeline.orchestration.io.own_assets import load_frame, store_frame


class CsvIOManager(ConfigurableIOManager):
    """Writes `CsvRows`; loads a frame of the newest row of each key, or `LandedTable`."""

    lake: ResourceDependency[Lake]
    part_bytes: int

    def handle_output(self, context: OutputContext, obj: Sequence[CsvRows]) -> None:
        """Write the rows as CSV parts of their batch."""
        context.add_output_metadata(self.write(context.asset_key, obj))

    def write(self, key: AssetKey, obj: Sequence[CsvRows]) -> dict[str, Any]:
        """Write the rows of an asset, also of one that the run did not plan; describe them."""
        return _write(key, obj, self.part_bytes)

    def load_input(self, context: InputContext) -> Any:
        """Load what landed of a table of the shop: on the days that are asked for, or ever."""
        landed = self.lake.landed(SOURCE[context.asset_key.path[-1]])
        hint = context.dagster_type.typing_type
        if hint is LandedTable:
            return landed
        rows = read_newest(landed, asked_days(context))
        return as_hinted(rows, hint, context.asset_key.to_user_string())


class ParquetIOManager(ConfigurableIOManager):
    """Writes `ParquetRows`; loads a frame of the rows of a star table, or `ProcessedTable`.

    It stores and loads frames of any other asset as well (lake/stored_frames.py).
    """

    lake: ResourceDependency[Lake]
    part_bytes: int

    def handle_output(self, context: OutputContext, obj: Any) -> None:
        """Write the rows of a star table as Parquet parts of their batch; any other frame whole."""
        if _star_table(context.asset_key):
            context.add_output_metadata(self.write(context.asset_key, obj))
        else:
            store_frame(context, obj, self.lake.processed.bucket)

    def write(self, key: AssetKey, obj: Sequence[ParquetRows]) -> dict[str, Any]:
        """Write the rows of a star table, also of one that the run did not plan; describe them."""
        return _write(key, obj, self.part_bytes)

    def load_input(self, context: InputContext) -> Any:
        """Load what a star table, or the frame of an asset, holds: of some partitions, or all."""
        table = _star_table(context.asset_key)
        hint = context.dagster_type.typing_type
        if table is None:
            rows = load_frame(context, self.lake.processed.bucket)
        elif hint is ProcessedTable:
            return ProcessedTable(self.lake.processed.bucket, table)
        else:
            rows = read_rows(self.lake.processed, table, asked_days(context))
        return as_hinted(rows, hint, context.asset_key.to_user_string())


def _star_table(key: AssetKey) -> StarTable | None:
    layer, *name = key.path
    return STAR.get(".".join(name)) if layer == "star" else None


def _write(
    key: AssetKey, obj: Sequence[CsvRows] | Sequence[ParquetRows], part_bytes: int
) -> dict[str, Any]:
    """Write the rows, read or shaped as they are written, and describe them for the UI.

    A run over several days hands over a batch for each of them.
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
    """Count the rows of an asset with these batches of one day, which continue the same counts."""
    counted = [part for batch in batches if batch.counted for part in batch.parts_of(asset)]
    return row_count_metadata(batches[0].counts_before, asset, batches[0].date, counted)
