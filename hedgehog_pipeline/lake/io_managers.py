"""The S3 IO managers: CSV into the ingestion bucket, Parquet into the processed one.

What they are handed carries its own batch; what they load is a handle that reads when asked,
because a step loads all of its inputs even when a few are selected.
"""

from dagster import ConfigurableIOManager, InputContext, OutputContext, ResourceDependency

from hedgehog_pipeline.lake.batch import Batch
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
        asset = "/".join(context.asset_key.path)
        obj.write(asset, self.part_bytes)
        _describe(context, obj.batch, asset)

    def load_input(self, context: InputContext) -> LandedTable:
        """Hand over what the ingestion log holds of a table; nothing is read yet."""
        return LandedTable(self.lake.ingestion, SHOP[context.asset_key.path[-1]])


class ParquetIOManager(ConfigurableIOManager):
    """Writes `ParquetRows`, loads `ProcessedTable`."""

    lake: ResourceDependency[Lake]
    part_bytes: int

    def handle_output(self, context: OutputContext, obj: ParquetRows) -> None:
        """Write the rows as Parquet parts of their batch."""
        asset = "/".join(context.asset_key.path)
        obj.write(asset, self.part_bytes)
        _describe(context, obj.batch, asset)

    def load_input(self, context: InputContext) -> ProcessedTable:
        """Hand over what the processed log holds of a table; nothing is read yet."""
        return ProcessedTable(self.lake.processed.bucket, STAR[context.asset_key.path[-1]])


def _describe(context: OutputContext, batch: Batch, asset: str) -> None:
    parts = batch.parts_of(asset)
    context.add_output_metadata(
        {
            "dagster/partition_row_count": sum(part.rows for part in parts),
            "bytes": sum(part.bytes for part in parts),
            "batch": batch.id,
            "parts": [f"s3://{batch.bucket.name}/{part.key}" for part in parts],
        }
    )
