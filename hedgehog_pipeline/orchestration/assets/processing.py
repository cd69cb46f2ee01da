"""The assets `star/<table>`: one step, because a processed commit is whole or absent."""

from collections.abc import Iterator
from datetime import date, datetime, timezone
from typing import Any

from dagster import (
    AssetExecutionContext,
    AssetIn,
    AssetOut,
    AssetsDefinition,
    DataVersion,
    Output,
    ResourceParam,
    multi_asset,
)

from hedgehog_pipeline.deployment import Deployment
from hedgehog_pipeline.lake.batch import Batch, batch_id
from hedgehog_pipeline.lake.landed import LandedTable
from hedgehog_pipeline.lake.parquet_parts import ParquetRows
from hedgehog_pipeline.logs.events import StageLog
from hedgehog_pipeline.model.model import Model
from hedgehog_pipeline.orchestration.asset_keys import asset_key
from hedgehog_pipeline.orchestration.assets.column_metadata import (
    code_version_of,
    column_metadata,
    lineage_from_source,
    star_description,
)
from hedgehog_pipeline.orchestration.assets.materializations import (
    MONTHLY_BACKFILL,
    data_version,
    report_unplanned,
    yields_all,
)
from hedgehog_pipeline.orchestration.io.lake_io_managers import ParquetIOManager
from hedgehog_pipeline.orchestration.partitions import DAYS
from hedgehog_pipeline.orchestration.run_status import record_attempt
from hedgehog_pipeline.processing.backlog import pending_commits
from hedgehog_pipeline.processing.plan import ProcessingPlan, plan_of_day
from hedgehog_pipeline.processing.transforms import transforms_of
from hedgehog_pipeline.scheduling.batching import MAX_COMMITS, commits_of_run
from hedgehog_pipeline.scheduling.run_tags import is_replay, launched_by_platform


def processing_assets(model: Model) -> AssetsDefinition:
    """Return the assets of a model's star tables in the lake."""
    transforms = transforms_of(model)

    @multi_asset(
        name="process",
        ins={
            f"oltp_{name}": AssetIn(key=asset_key("oltp", name), input_manager_key="landed_tables")
            for name in model.source
        },
        outs={
            table.name: AssetOut(
                key=asset_key("star", table.name),
                description=star_description(table),
                group_name="processing",
                io_manager_key="parquet",
                kinds={"pandas", "s3", "parquet"},
                owners=["team:data"],
                metadata=column_metadata(table.landed_columns, lineage_from_source(table)),
                code_version=code_version_of(table.landed_columns, transforms[table.name].function),
                is_required=False,
            )
            for table in model.star.values()
        },
        internal_asset_deps={
            table.name: {asset_key("oltp", name) for name in table.inputs}
            for table in model.star.values()
        },
        partitions_def=DAYS,
        can_subset=True,
        backfill_policy=MONTHLY_BACKFILL,
    )
    def process(
        context: AssetExecutionContext,
        deployment: ResourceParam[Deployment],
        parquet: ResourceParam[ParquetIOManager],
        log: ResourceParam[StageLog],
        **inputs: LandedTable,
    ) -> Iterator[Output[list[ParquetRows]]]:
        """Transform the run's commits; for a run that a person launched, those of all its days."""
        now, tags, lake = datetime.now(timezone.utc), context.run.tags, deployment.lake
        selected = context.selected_asset_keys
        whole = launched_by_platform(tags)
        tables = [
            table
            for table in model.star.values()
            if whole or asset_key("star", table.name) in selected
        ]
        head = lake.confirm_source()
        plans: list[ProcessingPlan] = []
        for day in map(date.fromisoformat, context.partition_keys):
            commits = commits_of_run(
                tags,
                "processing",
                day,
                lake.ingestion,
                pending=lambda left_out: pending_commits(lake, head, MAX_COMMITS, left_out),
                of_day=lambda day=day: lake.ingestion.of_day(day),
            )
            plans_of_day = plan_of_day(
                model,
                commits,
                tables,
                lambda day=day: Batch(batch_id(now), day, lake.processed.bucket, "parquet"),
                head=head,
                replays=is_replay(tags),
                whole_day=not whole,
            )
            if commits and not any(plan.commits for plan in plans_of_day):
                log.discarded("processing", plans_of_day[0].batch)
            plans += plans_of_day
        attempted = [commit for plan in plans for commit in plan.commits]
        record_attempt(context.instance, context.run, "processing", attempted)
        landed = {table.table.name: table for table in inputs.values()}
        for table in tables:
            key, asset = asset_key("star", table.name), f"star/{table.name}"
            rows = [part for plan in plans for part in plan.rows_of(table, landed)]
            metadata: dict[str, Any] = {
                "ingestion commits": [c.number for plan in plans for c in plan.commits]
            }
            changed_by = [plan.batch.id for plan in plans if plan.surely_changes(table)]
            if key in selected and (changed_by or yields_all(context, "warehouse")):
                yield Output(
                    rows,
                    output_name=table.name,
                    metadata=metadata,
                    data_version=DataVersion(data_version(context.instance, key, changed_by)),
                )
            else:
                metadata |= parquet.write(key, rows)
                if any(plan.batch.touches(asset) for plan in plans):
                    changed_by = [plan.batch.id for plan in plans if plan.batch.changes(asset)]
                    version = data_version(context.instance, key, changed_by)
                    report_unplanned(context, key, metadata, version)
        for plan in plans:
            if not plan.commits:
                continue
            commit = lake.processed.append(plan.commit_on)
            if commit is None:
                log.discarded("processing", plan.batch)
            else:
                log.committed("processing", commit, now)

    return process
