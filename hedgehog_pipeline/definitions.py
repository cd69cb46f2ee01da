"""Assemble the platform: assets, jobs, sensors, resources. The import opens no connection."""

import warnings
from functools import cache, partial
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
from hedgehog_pipeline.orchestration.alert_sensors import (
    failed_run_sensor,
    health_sensor,
    late,
    not_empty,
)
from hedgehog_pipeline.orchestration.assets.extraction import extraction_assets
from hedgehog_pipeline.orchestration.assets.processing import processing_assets
from hedgehog_pipeline.orchestration.assets.source_links import line_of_table, linked
from hedgehog_pipeline.orchestration.assets.storage import storage_assets
from hedgehog_pipeline.orchestration.checks.freshness import FRESHNESS, freshness_checks
from hedgehog_pipeline.orchestration.checks.reconciliation import reconciliation_checks
from hedgehog_pipeline.orchestration.checks.rules import CHECKS, rule_checks
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
from hedgehog_pipeline.orchestration.pipeline_run import Pending
from hedgehog_pipeline.orchestration.resources import LogResource, SnapshotResource
from hedgehog_pipeline.orchestration.schedules import delete_detection_schedule
from hedgehog_pipeline.orchestration.sensors import inbox_sensor, log_sensor, source_sensor
from hedgehog_pipeline.scheduling.batching import EXTRACTION, PIPELINE
from hedgehog_pipeline.scheduling.planned_tables import loaded_assets, processed_assets
from hedgehog_pipeline.scheduling.scan_times import ScanTimes
from hedgehog_pipeline.settings import Settings

if TYPE_CHECKING:
    from dagster._core.definitions.unresolved_asset_job_definition import (
        UnresolvedAssetJobDefinition,
    )

STAGES = (EXTRACTION, "processing", "storage")

# Dagster marks links to source code as beta; its version is pinned.
warnings.filterwarnings("ignore", category=BetaWarning)


@cache
def platform(settings: Settings) -> Definitions:
    """Assemble the platform of a deployment."""
    deployment = Deployment(settings)
    watch_log = WatchLog(settings.log_group, settings.log_format)
    parts = [
        _stages(deployment),
        rule_checks(deployment),
        freshness_checks(deployment, watch_log),
        reconciliation_checks(deployment),
        _operations(deployment, watch_log),
    ]
    if report := deployment.model.report():
        parts.append(report.definitions(deployment))
    return Definitions.merge(*parts)


def _stages(deployment: Deployment) -> Definitions:
    """Define the assets of the three stages, their jobs, and what launches these."""
    settings, model = deployment.settings, deployment.model
    stages = [extraction_assets(model), processing_assets(model), storage_assets(model)]
    line_of = partial(line_of_table, model)
    jobs = {stage: _job(settings, stage, stage) for stage in STAGES}
    jobs[PIPELINE] = _job(settings, PIPELINE, *STAGES)
    pending = _pending(deployment)
    return Definitions(
        assets=[linked(stage, line_of, settings.code_url) for stage in stages],
        jobs=list(jobs.values()),
        schedules=[delete_detection_schedule(jobs[EXTRACTION], deployment.initial_load_landed)],
        sensors=[
            source_sensor(
                model,
                jobs[PIPELINE],
                jobs[EXTRACTION],
                watch_source=deployment.watch_source,
                pending=pending,
                scans=ScanTimes(),
            ),
            inbox_sensor(
                model,
                jobs[PIPELINE],
                jobs[EXTRACTION],
                waiting_files=deployment.waiting_files,
                pending=pending,
            ),
            log_sensor(
                "ingestion_log",
                "processing",
                deployment.commits_to_process,
                partial(processed_assets, model),
                at_once=settings.processing_runs,
            ),
            # Loads exclude each other by the warehouse's lock.
            log_sensor(
                "processed_log",
                "storage",
                deployment.commits_to_load,
                partial(loaded_assets, model),
                at_once=1,
            ),
        ],
        executor=in_process_executor,
        resources={
            "deployment": deployment,
            "snapshots": SnapshotResource(),
            "log": LogResource(log_group=settings.log_group, log_format=settings.log_format),
            "csv": CsvIOManager(deployment),
            "parquet": ParquetIOManager(deployment),
            "warehouse_tables": WarehouseIOManager(deployment),
            "landed_tables": landed_tables,
            "processed_tables": processed_tables,
        },
    )


def _operations(deployment: Deployment, watch_log: WatchLog) -> Definitions:
    """Define what watches the platform, and what tidies up Dagster's records."""
    settings, pending = deployment.settings, _pending(deployment)
    return Definitions(
        jobs=[prune_job(settings.records_days, settings.tags_of(PRUNE_RECORDS))],
        schedules=[prune_schedule],
        sensors=[
            past_days_sensor(deployment.model, CHECKS, deployment.rows_of_day, pending),
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
                [PIPELINE, *STAGES, FRESHNESS],
                [deployment.check_source, deployment.seconds_behind],
                watch_log,
                topic=settings.alert_topic,
                ui_url=settings.ui_url,
            ),
        ],
    )


def _pending(deployment: Deployment) -> Pending:
    return {"processing": deployment.commits_to_process, "storage": deployment.commits_to_load}


def _job(settings: Settings, name: str, *stages: str) -> "UnresolvedAssetJobDefinition":
    """Define the job of stages, without their checks, which run apart at no cost to a load."""
    return define_asset_job(
        name,
        AssetSelection.groups(*stages).without_checks(),
        description=JOB_DESCRIPTIONS[name],
        tags=settings.tags_of(name),
    )


defs = platform(Settings.from_environment())
