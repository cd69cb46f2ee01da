"""Inputs of the stages' own assets: handles that read only on demand.

A step loads all of its inputs, even if only a few of its tables are selected.
"""

from dagster import InputContext, input_manager

from hedgehog_pipeline.deployment import Deployment
from hedgehog_pipeline.lake.landed import LandedTable
from hedgehog_pipeline.lake.parquet_parts import ProcessedTable


@input_manager(required_resource_keys={"deployment"})
def landed_tables(context: InputContext) -> LandedTable:
    """Return a handle of a table in the ingestion log; nothing is read yet."""
    deployment: Deployment = context.resources.deployment
    return deployment.lake.landed(deployment.model.source[context.asset_key.path[-1]])


@input_manager(required_resource_keys={"deployment"})
def processed_tables(context: InputContext) -> ProcessedTable:
    """Return a handle of a table in the processed log; nothing is read yet."""
    deployment: Deployment = context.resources.deployment
    table = deployment.model.star[context.asset_key.path[-1]]
    return ProcessedTable(deployment.lake.processed.bucket, table)
