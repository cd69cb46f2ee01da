"""Assemble the platform: assets, jobs, sensors, resources. The import opens no connection."""

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

from hedgehog_pipeline.deployment import Deployment
from hedgehog_pipeline.logs.events import WatchLog
from hedgehog_pipeline.model.registry import report_of_model
from hedgehog_pipeline.orchestration.alert_sensors import (
    failed_run_sensor,
    health_sensor,
    late,
    not_empty,
)
from hedgehog_pipeline.orchestration.assets.extraction import extract
from hedgehog_pipeline.orchestration.assets.processing import process
from hedgehog_pipeline.orchestration.assets.source_links import line_of_table, linked
from hedgehog_pipeline.orchestration.assets.storage import store
from hedgehog_pipeline.orchestration.checks.freshness import (
    freshness_job,
    freshness_sensor,
    measure_lag,
)
from hedgehog_pipeline.orchestration.checks.reconciliation import (
    reconcile_job,
    reconcile_schedule,
    reconcile_warehouse,
)
from hedgehog_pipeline.orchestration.checks.rules import (
    check_warehouse,
    checks_job,
    checks_schedule,
)
from hedgehog_pipeline.orchestration.instance.prune_records import (
    PRUNE_RECORDS,
    prune_job,
    prune_schedule,
)
from hedgehog_pipeline.orchestration.io.handles import landed_tables, processed_tables
from hedgehog_pipeline.orchestration.io.lake_io_managers import CsvIOManager, ParquetIOManager
from hedgehog_pipeline.orchestration.io.warehouse_io_manager import WarehouseIOManager
from hedgehog_pipeline.orchestration.job_descriptions import JOB_DESCRIPTIONS
from hedgehog_pipeline.orchestration.past_days import past_days_sensor
from hedgehog_pipeline.orchestration.resources import (
    LakeResource,
    LogResource,
    ParametersResource,
    SourceResource,
    WarehouseResource,
)
from hedgehog_pipeline.orchestration.schedules import sweep_schedule
from hedgehog_pipeline.orchestration.sensors import inbox_sensor, log_sensor, source_sensor
from hedgehog_pipeline.scheduling.batching import PIPELINE
from hedgehog_pipeline.scheduling.planned_tables import loaded_assets, processed_assets
from hedgehog_pipeline.scheduling.scan_times import ScanTimes
from hedgehog_pipeline.settings import Settings

if TYPE_CHECKING:
    from dagster._core.definitions.unresolved_asset_job_definition import (
        UnresolvedAssetJobDefinition,
    )

STAGES = ("extraction", "processing", "storage")

# Dagster marks links to source code as beta; its version is pinned.
warnings.filterwarnings("ignore", category=BetaWarning)


@cache
def platform(settings: Settings) -> Definitions:
    """Assemble the platform of a deployment."""
    deployment = Deployment(settings)
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
        "processing": deployment.commits_to_process,
        "storage": deployment.commits_to_load,
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
            sweep_schedule(jobs["extraction"], deployment.initial_load_landed),
        ],
        sensors=[
            source_sensor(
                jobs[PIPELINE],
                jobs["extraction"],
                watch_source=deployment.watch_source,
                pending=pending,
                looks=ScanTimes(),
            ),
            inbox_sensor(
                jobs[PIPELINE],
                jobs["extraction"],
                waiting_files=deployment.waiting_files,
                pending=pending,
            ),
            log_sensor(
                "ingestion_log",
                "processing",
                deployment.commits_to_process,
                processed_assets,
                at_once=settings.processing_runs,
            ),
            # Loads exclude each other by the warehouse's lock.
            log_sensor(
                "processed_log",
                "storage",
                deployment.commits_to_load,
                loaded_assets,
                at_once=1,
            ),
            past_days_sensor(checks_job.name, deployment.rows_of_day, pending),
            freshness_sensor(deployment.seconds_behind, watch_log),
            health_sensor(
                {
                    "shop": deployment.check_source,
                    "lake and warehouse": late(deployment.seconds_behind),
                    "quarantine": not_empty(deployment.first_quarantine_entry),
                },
                pending,
                watch_log,
                topic=settings.alert_topic,
                ui_url=settings.ui_url,
            ),
            failed_run_sensor(
                [PIPELINE, *STAGES, freshness_job.name],
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
    return Definitions.merge(stages_and_operations, report.definitions(deployment))


def _job(name: str, *stages: str) -> "UnresolvedAssetJobDefinition":
    return define_asset_job(name, _assets_of(*stages), description=JOB_DESCRIPTIONS[name])


def _assets_of(*stages: str) -> AssetSelection:
    """Select the assets of stages without their checks, which run apart at no cost to a load."""
    return AssetSelection.groups(*stages).without_checks()


def _tagged(
    job: "UnresolvedAssetJobDefinition", settings: Settings
) -> "UnresolvedAssetJobDefinition":
    """Return the job with the tags that the settings name for its runs."""
    tags = settings.tags_of(job.name)
    return define_asset_job(job.name, job.selection, description=job.description, tags=tags)


defs = platform(Settings.from_environment())
