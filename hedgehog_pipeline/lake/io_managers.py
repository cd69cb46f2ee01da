"""The S3 IO managers: CSV into the ingestion bucket, Parquet into the processed one.

What they are handed is all that a batch holds of an asset, the rows first; what they load is a
handle that reads when asked, because a step loads all of its inputs even when a few are selected.
"""

from collections.abc import Sequence
from time import monotonic

from dagster import (
    ConfigurableIOManager,
    InputContext,
    MetadataValue,
    OutputContext,
    ResourceDependency,
)

from hedgehog_pipeline.lake.csv_parts import CsvRows
from hedgehog_pipeline.lake.lake import Lake
from hedgehog_pipeline.lake.landed import LandedTable
from hedgehog_pipeline.lake.parquet_parts import ParquetRows, ProcessedTable
from hedgehog_pipeline.schema.shop import SHOP
from hedgehog_pipeline.schema.star import STAR


class CsvIOManager(ConfigurableIOManager):
    """Writes `CsvRows`, loads `LandedTable`."""

    lake: ResourceDependency[Lake]
    part_bytes: int

    def handle_output(self, context: OutputContext, obj: Sequence[CsvRows]) -> None:
        """Write the rows as CSV parts of their batch."""
        _write(context, obj, self.part_bytes)

    def load_input(self, context: InputContext) -> LandedTable:
        """Hand over what the ingestion log holds of a table; nothing is read yet."""
        return self.lake.landed(SHOP[context.asset_key.path[-1]])


class ParquetIOManager(ConfigurableIOManager):
    """Writes `ParquetRows`, loads `ProcessedTable`."""

    lake: ResourceDependency[Lake]
    part_bytes: int

    def handle_output(self, context: OutputContext, obj: Sequence[ParquetRows]) -> None:
        """Write the rows as Parquet parts of their batch."""
        _write(context, obj, self.part_bytes)

    def load_input(self, context: InputContext) -> ProcessedTable:
        """Hand over what the processed log holds of a table; nothing is read yet."""
        return ProcessedTable(self.lake.processed.bucket, STAR[context.asset_key.path[-1]])


def _write(
    context: OutputContext, obj: Sequence[CsvRows] | Sequence[ParquetRows], part_bytes: int
) -> None:
    """Write the rows, read or shaped as they are written, and describe them in the UI."""
    began = monotonic()
    asset = "/".join(context.asset_key.path)
    previews = [rows.write(asset, part_bytes) for rows in obj]
    batch = obj[0].batch
    parts = {rows.kind: batch.parts_of(asset, rows.kind) for rows in obj}
    counts = {kind: sum(part.rows for part in written) for kind, written in parts.items()}
    context.add_output_metadata(
        {
            "dagster/partition_row_count": counts.pop("rows"),
            "bytes": sum(part.bytes for written in parts.values() for part in written),
            "seconds": round(monotonic() - began, 3),
            "batch": batch.id,
            "parts": [
                f"s3://{batch.bucket.name}/{part.key}"
                for written in parts.values()
                for part in written
            ],
            **{kind: count for kind, count in counts.items() if count},
            **({"preview": MetadataValue.md(str(previews[0]))} if previews[0].rows else {}),
        }
    )
