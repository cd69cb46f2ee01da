"""Inputs of the stages' own assets: handles that read only on demand.

A step loads all of its inputs, even if only a few of its tables are selected.
"""

from dagster import InputContext, input_manager

from hedgehog_pipeline.lake.landed import LandedTable
from hedgehog_pipeline.lake.parquet_parts import ProcessedTable
from hedgehog_pipeline.model.source import SOURCE
from hedgehog_pipeline.model.star import STAR


@input_manager(required_resource_keys={"lake"})
def landed_tables(context: InputContext) -> LandedTable:
    """Return a handle of a table in the ingestion log; nothing is read yet."""
    return context.resources.lake.landed(SOURCE[context.asset_key.path[-1]])


@input_manager(required_resource_keys={"lake"})
def processed_tables(context: InputContext) -> ProcessedTable:
    """Return a handle of a table in the processed log; nothing is read yet."""
    table = STAR[context.asset_key.path[-1]]
    return ProcessedTable(context.resources.lake.processed.bucket, table)
