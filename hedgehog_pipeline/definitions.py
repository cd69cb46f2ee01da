"""The platform assembled: assets, jobs, sensors, resources. Nothing is connected at import."""

import warnings
from functools import cache
from typing import TYPE_CHECKING

from dagster import (
    AssetSelection,
    BetaWarning,
    Definitions,
    define_asset_job,
    in_process_executor,
)

from hedgehog_pipeline.extraction.assets import extract
from hedgehog_pipeline.extraction.resources import ParametersResource, SourceResource
from hedgehog_pipeline.job_descriptions import JOB_DESCRIPTIONS
from hedgehog_pipeline.lake.handles import landed_tables, processed_tables
from hedgehog_pipeline.lake.io_managers import CsvIOManager, ParquetIOManager
from hedgehog_pipeline.lake.resources import LakeResource
from hedgehog_pipeline.logs import LogResource, WatchLog
from hedgehog_pipeline.looks import Looks
from hedgehog_pipeline.operations.alert_sensors import (
    failed_run_sensor,
    health_sensor,
    late,
    not_empty,
)
from hedgehog_pipeline.operations.checks import check_warehouse, checks_job, checks_schedule
from hedgehog_pipeline.operations.freshness import freshness_job, freshness_sensor, measure_lag
from hedgehog_pipeline.operations.past_days import past_days_sensor
from hedgehog_pipeline.operations.prune_records import PRUNE_RECORDS, prune_job, prune_schedule
from hedgehog_pipeline.operations.reconcile_check import (
    reconcile_job,
    reconcile_schedule,
    reconcile_warehouse,
)
from hedgehog_pipeline.planned import loaded_assets, processed_assets
from hedgehog_pipeline.processing.assets import process
from hedgehog_pipeline.runs import PIPELINE
from hedgehog_pipeline.schedules import sweep_schedule
from hedgehog_pipeline.schema.model import report_of_model
from hedgehog_pipeline.sensors import inbox_sensor, log_sensor, shop_sensor
from hedgehog_pipeline.settings import Settings
from hedgehog_pipeline.source_links import line_of_table, linked
from hedgehog_pipeline.storage.assets import store
from hedgehog_pipeline.storage.io_manager import WarehouseIOManager
from hedgehog_pipeline.storage.resources import WarehouseResource
from hedgehog_pipeline.surroundings import Surroundings

if TYPE_CHECKING:
    from dagster._core.definitions.unresolved_asset_job_definition import (
        UnresolvedAssetJobDefinition,
    )

STAGES = ("extraction", "processing", "storage")

# Dagster calls its links to source code beta; its version is pinned.
warnings.filterwarnings("ignore", category=BetaWarning)


@cache
def platform(settings: Settings) -> Definitions:
    """Put the platform together for a deployment."""
    surroundings = Surroundings(settings)
    lake = LakeResource(
        ingestion_bucket=settings.ingestion_bucket,
        processed_bucket=settings.processed_bucket,
    )
    warehouse = WarehouseResource(
        secret=settings.warehouse_secret,
        address=settings.warehouse_address,
        ca=settings.database_ca,
    )
    stages = {stage: _job(stage, stage) for stage in STAGES}
    pipeline = _job(PIPELINE, *STAGES)
    untagged = [*stages.values(), pipeline, checks_job, freshness_job, reconcile_job]
    jobs = {job.name: _tagged(job, settings) for job in untagged}
    watch_log = WatchLog(settings.log_group, settings.log_format)
    pending = {
        "processing": surroundings.commits_to_process,
        "storage": surroundings.commits_to_load,
    }
    stages_and_operations = Definitions(
        assets=[
            linked(stage, line_of_table, settings.code_url) for stage in (extract, process, store)
        ],
        asset_checks=[check_warehouse, measure_lag, reconcile_warehouse],
        jobs=[
            *jobs.values(),
            prune_job(settings.records_days, settings.tags_of(PRUNE_RECORDS)),
        ],
        schedules=[
            checks_schedule,
            prune_schedule,
            reconcile_schedule,
            sweep_schedule(jobs["extraction"], surroundings.archive_landed),
        ],
        sensors=[
            shop_sensor(
                jobs[PIPELINE],
                jobs["extraction"],
                watch_shop=surroundings.watch_shop,
                pending=pending,
                looks=Looks(),
            ),
            inbox_sensor(
                jobs[PIPELINE],
                jobs["extraction"],
                files_to_take=surroundings.files_to_take,
                pending=pending,
            ),
            log_sensor(
                "ingestion_log",
                "processing",
                surroundings.commits_to_process,
                processed_assets,
                at_once=settings.processing_runs,
            ),
            # Loads wait for each other at the warehouse's lock.
            log_sensor(
                "processed_log",
                "storage",
                surroundings.commits_to_load,
                loaded_assets,
                at_once=1,
            ),
            past_days_sensor(checks_job.name, surroundings.rows_of_day, pending),
            freshness_sensor(surroundings.seconds_behind, watch_log),
            health_sensor(
                {
                    "shop": surroundings.look_at_shop,
                    "lake and warehouse": late(surroundings.seconds_behind),
                    "quarantine": not_empty(surroundings.first_in_quarantine),
                },
                pending,
                watch_log,
                topic=settings.alert_topic,
                ui_url=settings.ui_url,
            ),
            failed_run_sensor(
                [PIPELINE, *STAGES, freshness_job.name],
                [surroundings.look_at_shop, surroundings.seconds_behind],
                watch_log,
                topic=settings.alert_topic,
                ui_url=settings.ui_url,
            ),
        ],
        executor=in_process_executor,
        resources={
            "log": LogResource(log_group=settings.log_group, log_format=settings.log_format),
            "lake": lake,
            "csv": CsvIOManager(lake=lake, part_bytes=settings.part_bytes),
            "parquet": ParquetIOManager(lake=lake, part_bytes=settings.part_bytes),
            "source": SourceResource(
                secret=settings.source_secret,
                address=settings.source_address,
                ca=settings.database_ca,
                slice_rows=settings.slice_rows,
                mass_delete_share=settings.mass_delete_share,
            ),
            "warehouse": warehouse,
            "warehouse_tables": WarehouseIOManager(warehouse=warehouse),
            "landed_tables": landed_tables,
            "processed_tables": processed_tables,
            "parameters": ParametersResource(prefix=settings.parameter_prefix),
        },
    )
    report = report_of_model()
    if report is None:
        return stages_and_operations
    return Definitions.merge(stages_and_operations, report.definitions(surroundings))


def _job(name: str, *stages: str) -> "UnresolvedAssetJobDefinition":
    return define_asset_job(name, _assets_of(*stages), description=JOB_DESCRIPTIONS[name])


def _assets_of(*stages: str) -> AssetSelection:
    """Give the assets of stages alone: their checks run apart, and cost a load nothing."""
    return AssetSelection.groups(*stages).without_checks()


def _tagged(
    job: "UnresolvedAssetJobDefinition", settings: Settings
) -> "UnresolvedAssetJobDefinition":
    """Give the job with the tags that the settings have for its runs."""
    tags = settings.tags_of(job.name)
    return define_asset_job(job.name, job.selection, description=job.description, tags=tags)


defs = platform(Settings.from_environment())
