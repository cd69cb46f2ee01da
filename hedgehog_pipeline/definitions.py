"""The platform assembled: assets, jobs, sensors, resources. Nothing is connected at import."""

from functools import cache

from dagster import AssetSelection, Definitions, define_asset_job, in_process_executor
from dagster_aws.s3 import S3Resource
from dagster_aws.secretsmanager import SecretsManagerResource
from dagster_aws.ssm import SSMResource

from hedgehog_pipeline.extraction.assets import extract
from hedgehog_pipeline.lake.io_managers import CsvIOManager, ParquetIOManager
from hedgehog_pipeline.processing.assets import process
from hedgehog_pipeline.resources import (
    LakeResource,
    LogResource,
    SourceResource,
    WarehouseResource,
    WatermarksResource,
)
from hedgehog_pipeline.settings import Settings
from hedgehog_pipeline.storage.assets import store

STAGES = ("extraction", "processing", "storage")


@cache
def platform(settings: Settings) -> Definitions:
    """Put the platform together for a deployment."""
    secrets = SecretsManagerResource()
    lake = LakeResource(
        s3=S3Resource(),
        ingestion_bucket=settings.ingestion_bucket,
        processed_bucket=settings.processed_bucket,
    )
    return Definitions(
        assets=[extract, process, store],
        jobs=[define_asset_job(stage, AssetSelection.groups(stage)) for stage in STAGES],
        executor=in_process_executor,
        resources={
            "log": LogResource(log_group=settings.log_group),
            "lake": lake,
            "csv": CsvIOManager(lake=lake, part_bytes=settings.part_bytes),
            "parquet": ParquetIOManager(lake=lake, part_bytes=settings.part_bytes),
            "source": SourceResource(
                secrets=secrets,
                secret=settings.source_secret,
                ca=settings.database_ca,
                slice_rows=settings.slice_rows,
            ),
            "warehouse": WarehouseResource(
                secrets=secrets, secret=settings.warehouse_secret, ca=settings.database_ca
            ),
            "watermarks": WatermarksResource(ssm=SSMResource(), prefix=settings.parameter_prefix),
        },
    )


defs = platform(Settings.from_environment())
