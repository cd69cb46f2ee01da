"""The assets `warehouse/<table>`: one step, because a commit becomes visible at once."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime, timezone
from typing import Any

import pyarrow as pa
from dagster import (
    AssetExecutionContext,
    AssetIn,
    AssetKey,
    AssetSpec,
    DataVersion,
    MaterializeResult,
    ResourceParam,
    multi_asset,
)

from hedgehog_pipeline.catalog import (
    code_version_of,
    described,
    lineage_from_star,
    warehouse_description,
)
from hedgehog_pipeline.lake.commits import PartKind, ProcessedCommit
from hedgehog_pipeline.lake.lake import Lake
from hedgehog_pipeline.lake.parquet_parts import ProcessedTable
from hedgehog_pipeline.logs import StageLog
from hedgehog_pipeline.materialized import A_MONTH_A_RUN, recorded_version, report_unplanned
from hedgehog_pipeline.operations.load_checks import checks_after_load
from hedgehog_pipeline.partitions import DAYS
from hedgehog_pipeline.run_tags import launched_by_platform
from hedgehog_pipeline.runs import MOST_COMMITS, commits_of_run
from hedgehog_pipeline.schema.star import STAR, StarTable
from hedgehog_pipeline.stage_runs import note_tried
from hedgehog_pipeline.storage.ddl import stored_columns
from hedgehog_pipeline.storage.loads import TableLoads
from hedgehog_pipeline.storage.pending import commits_of_day, confirm_loaded, pending_commits
from hedgehog_pipeline.storage.resources import WarehouseResource
from hedgehog_pipeline.storage.row_counts import row_count_metadata
from hedgehog_pipeline.storage.warehouse import Warehouse


def key_of(table: StarTable) -> AssetKey:
    """Give the asset key of a warehouse table."""
    return AssetKey(["warehouse", table.name])


@multi_asset(
    name="store",
    ins={
        name: AssetIn(key=AssetKey(["star", name]), input_manager_key="processed_tables")
        for name in STAR
    },
    specs=[
        AssetSpec(
            key_of(table),
            deps=[AssetKey(["star", table.name])],
            description=warehouse_description(table),
            group_name="storage",
            kinds={"postgres", "table"},
            owners=["team:data"],
            metadata=described(stored_columns(table), lineage_from_star(table)),
            code_version=code_version_of(stored_columns(table)),
            skippable=True,
        ).with_io_manager_key("warehouse_tables")
        for table in STAR.values()
    ],
    partitions_def=DAYS,
    can_subset=True,
    backfill_policy=A_MONTH_A_RUN,
)
def store(
    context: AssetExecutionContext,
    lake: ResourceParam[Lake],
    warehouse: WarehouseResource,
    log: ResourceParam[StageLog],
    **inputs: ProcessedTable,
) -> Iterator[MaterializeResult[Any]]:
    """Load the commits that the run was launched for; launched by a person, all of its days."""
    by_platform = launched_by_platform(context.run.tags)
    selected = context.selected_asset_keys
    tables = [table for table in STAR.values() if by_platform or key_of(table) in selected]
    days = [date.fromisoformat(key) for key in context.partition_keys]
    loads = {table.name: TableLoads(lake, table) for table in tables}

    def parts_of(table: StarTable, held: ProcessedCommit, kind: PartKind) -> Iterable[pa.Table]:
        rows = inputs[table.name].rows_of(held, kind)
        if kind != "rows":
            return rows
        return loads[table.name].passing(held, rows)

    with warehouse.open() as target:
        confirm_loaded(lake, target)
        commits = [
            commit
            for day in days
            for commit in commits_of_run(
                context.run.tags,
                "storage",
                day,
                lake.processed,
                pending=lambda left_out: pending_commits(lake, target, MOST_COMMITS, left_out),
                of_day=lambda day=day: commits_of_day(lake, target, day),
            )
        ]
        target.prepare()
        note_tried(context.instance, context.run, "storage", commits)
        for commit in commits:
            began = datetime.now(timezone.utc)
            loaded = target.load(commit, tables, parts_of)
            log.loaded(commit, loaded, began)
            for load in loads.values():
                load.add(commit, loaded)
        for load in loads.values():
            yield from _report(context, target, load, days, by_platform=by_platform)
        if by_platform:
            loaded_tables = [load.table for load in loads.values() if load.commits]
            for evaluation in checks_after_load(lake, target, loaded_tables):
                # Documented for materialisations alone, handled for checks as well.
                context.log_event(evaluation)  # type: ignore[arg-type]


def _report(
    context: AssetExecutionContext,
    target: Warehouse,
    load: TableLoads,
    days: Sequence[date],
    *,
    by_platform: bool,
) -> Iterator[MaterializeResult[Any]]:
    """Report a table that changed; to a person, each that the person selected."""
    key = key_of(load.table)
    if load.changed_by is None and by_platform:
        return
    version = str(load.changed_by or recorded_version(context.instance, key))
    metadata = load.metadata()
    counts = {day: row_count_metadata(target.connection, load.table, day) for day in days}
    if key not in context.selected_asset_keys:
        (numbers,) = counts.values()
        report_unplanned(context, key, metadata | numbers, version)
        return
    for day, numbers in counts.items():
        context.add_asset_metadata(numbers, key, day.isoformat())
    yield MaterializeResult[Any](
        asset_key=key, metadata=metadata, data_version=DataVersion(version)
    )
