"""The S3 IO managers: CSV into the ingestion bucket, Parquet into the processed one.

What they are handed carries its own batch; what they load is a handle that reads when asked,
because a step loads all of its inputs even when a few are selected.
"""

from time import monotonic

from dagster import (
    ConfigurableIOManager,
    InputContext,
    MetadataValue,
    OutputContext,
    ResourceDependency,
)

from hedgehog_pipeline.lake.csv_parts import CsvRows, LandedTable
from hedgehog_pipeline.lake.lake import Lake
from hedgehog_pipeline.lake.parquet_parts import ParquetRows, ProcessedTable
from hedgehog_pipeline.schema.shop import SHOP
from hedgehog_pipeline.schema.star import STAR


class CsvIOManager(ConfigurableIOManager):
    """Writes `CsvRows`, loads `LandedTable`."""

    lake: ResourceDependency[Lake]
    part_bytes: int

    def handle_output(self, context: OutputContext, obj: CsvRows) -> None:
        """Write the rows as CSV parts of their batch."""
        _write(context, obj, self.part_bytes)

    def load_input(self, context: InputContext) -> LandedTable:
        """Hand over what the ingestion log holds of a table; nothing is read yet."""
        return LandedTable(self.lake.ingestion, SHOP[context.asset_key.path[-1]])


class ParquetIOManager(ConfigurableIOManager):
    """Writes `ParquetRows`, loads `ProcessedTable`."""

    lake: ResourceDependency[Lake]
    part_bytes: int

    def handle_output(self, context: OutputContext, obj: ParquetRows) -> None:
        """Write the rows as Parquet parts of their batch."""
        _write(context, obj, self.part_bytes)

    def load_input(self, context: InputContext) -> ProcessedTable:
        """Hand over what the processed log holds of a table; nothing is read yet."""
        return ProcessedTable(self.lake.processed.bucket, STAR[context.asset_key.path[-1]])


def _write(context: OutputContext, obj: CsvRows | ParquetRows, part_bytes: int) -> None:
    """Write the rows, read or shaped as they are written, and describe them in the UI."""
    began = monotonic()
    asset = "/".join(context.asset_key.path)
    preview = obj.write(asset, part_bytes)
    parts = obj.batch.parts_of(asset)
    context.add_output_metadata(
        {
            "dagster/partition_row_count": sum(part.rows for part in parts),
            "bytes": sum(part.bytes for part in parts),
            "seconds": round(monotonic() - began, 3),
            "batch": obj.batch.id,
            "parts": [f"s3://{obj.batch.bucket.name}/{part.key}" for part in parts],
            **({"preview": MetadataValue.md(str(preview))} if preview.rows else {}),
        }
    )
