"""The assets `warehouse/<table>`: one step, because a load makes all tables visible at once."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime, timezone
from typing import Any

import pyarrow as pa
from dagster import (
    AssetCheckEvaluation,
    AssetExecutionContext,
    AssetIn,
    AssetMaterialization,
    AssetsDefinition,
    AssetSpec,
    DataVersion,
    MaterializeResult,
    ResourceParam,
    multi_asset,
)

from hedgehog_pipeline.deployment import Deployment
from hedgehog_pipeline.lake.commits import PartKind, ProcessedCommit
from hedgehog_pipeline.lake.parquet_parts import ProcessedTable
from hedgehog_pipeline.logs.events import StageLog
from hedgehog_pipeline.model.model import Model
from hedgehog_pipeline.model.tables import StarTable
from hedgehog_pipeline.orchestration.asset_keys import asset_key
from hedgehog_pipeline.orchestration.assets.column_metadata import (
    code_version_of,
    column_metadata,
    lineage_from_star,
    warehouse_description,
)
from hedgehog_pipeline.orchestration.assets.load_metadata import TableLoads
from hedgehog_pipeline.orchestration.assets.materializations import (
    MONTHLY_BACKFILL,
    recorded_version,
    version_tags,
)
from hedgehog_pipeline.orchestration.checks.load_checks import checks_after_load
from hedgehog_pipeline.orchestration.partitions import DAYS
from hedgehog_pipeline.orchestration.run_status import record_attempt
from hedgehog_pipeline.scheduling.batching import MAX_COMMITS, commits_of_run
from hedgehog_pipeline.scheduling.run_tags import launched_by_platform
from hedgehog_pipeline.storage.backlog import commits_of_day, confirm_loaded, pending_commits
from hedgehog_pipeline.storage.ddl import stored_columns
from hedgehog_pipeline.storage.row_counts import warehouse_row_counts
from hedgehog_pipeline.storage.warehouse import Warehouse


def storage_assets(model: Model) -> AssetsDefinition:
    """Return the assets of a model's warehouse tables."""

    @multi_asset(
        name="store",
        ins={
            name: AssetIn(key=asset_key("star", name), input_manager_key="processed_tables")
            for name in model.star
        },
        specs=[
            AssetSpec(
                asset_key("warehouse", table.name),
                deps=[asset_key("star", table.name)],
                description=warehouse_description(table),
                group_name="storage",
                kinds={"postgres", "table"},
                owners=["team:data"],
                metadata=column_metadata(stored_columns(table), lineage_from_star(table)),
                code_version=code_version_of(stored_columns(table)),
                skippable=True,
            ).with_io_manager_key("warehouse_tables")
            for table in model.star.values()
        ],
        partitions_def=DAYS,
        can_subset=True,
        backfill_policy=MONTHLY_BACKFILL,
    )
    def store(
        context: AssetExecutionContext,
        deployment: ResourceParam[Deployment],
        log: ResourceParam[StageLog],
        **inputs: ProcessedTable,
    ) -> Iterator[MaterializeResult[Any] | AssetMaterialization | AssetCheckEvaluation]:
        """Load the run's commits; for a run that a person launched, those of all its days."""
        by_platform = launched_by_platform(context.run.tags)
        selected = context.selected_asset_keys
        tables = [
            table
            for table in model.star.values()
            if by_platform or asset_key("warehouse", table.name) in selected
        ]
        days = [date.fromisoformat(key) for key in context.partition_keys]
        with deployment.warehouse() as warehouse:
            loads = _Loads(deployment, warehouse, tables, inputs)
            yield from loads.run(context, log, days, by_platform=by_platform)

    return store


class _Loads:
    """The loads of a run, table by table."""

    def __init__(
        self,
        deployment: Deployment,
        warehouse: Warehouse,
        tables: Sequence[StarTable],
        inputs: Mapping[str, ProcessedTable],
    ) -> None:
        self._deployment = deployment
        self._lake = deployment.lake
        self._warehouse = warehouse
        self._tables = tables
        self._inputs = inputs
        self._loads = {table.name: TableLoads(self._lake, table) for table in tables}

    def run(
        self,
        context: AssetExecutionContext,
        log: StageLog,
        days: Sequence[date],
        *,
        by_platform: bool,
    ) -> Iterator[MaterializeResult[Any] | AssetMaterialization | AssetCheckEvaluation]:
        """Load the commits of the run, and report what they wrote.

        If a load fails, the commits before it stay loaded, so they are reported all the same.
        """
        warehouse, loads = self._warehouse, self._loads.values()
        commits = self._commits(context.run.tags, days)
        warehouse.prepare()
        record_attempt(context.instance, context.run, "storage", commits)
        try:
            for commit in commits:
                began = datetime.now(timezone.utc)
                loaded = warehouse.load(commit, self._tables, self._parts_of)
                log.loaded(commit, loaded, began)
                for load in loads:
                    load.add(commit, loaded)
        except Exception:
            # The commits before it stay loaded: no later run would report them.
            for load in loads:
                yield from _report_until_failure(warehouse, load)
            if by_platform:
                yield from self._checks()
            raise
        for load in loads:
            yield from _report(context, warehouse, load, days, by_platform=by_platform)
        if by_platform:
            yield from self._checks()

    def _commits(self, tags: Mapping[str, str], days: Sequence[date]) -> list[ProcessedCommit]:
        lake, warehouse = self._lake, self._warehouse
        confirm_loaded(lake, warehouse)
        return [
            commit
            for day in days
            for commit in commits_of_run(
                tags,
                "storage",
                day,
                lake.processed,
                pending=lambda left_out: pending_commits(lake, warehouse, MAX_COMMITS, left_out),
                of_day=lambda day=day: commits_of_day(lake, warehouse, day),
            )
        ]

    def _parts_of(
        self, table: StarTable, commit: ProcessedCommit, kind: PartKind
    ) -> Iterable[pa.Table]:
        rows = self._inputs[table.name].rows_of(commit, kind)
        return self._loads[table.name].passing(commit, rows) if kind == "rows" else rows

    def _checks(self) -> Iterator[AssetCheckEvaluation]:
        """Evaluate the checks of what was loaded, unless the connection was lost."""
        if not self._warehouse.connection.closed:
            tables = [load.table for load in self._loads.values() if load.commits]
            yield from checks_after_load(self._deployment, self._warehouse, tables)


def _report(
    context: AssetExecutionContext,
    target: Warehouse,
    load: TableLoads,
    days: Sequence[date],
    *,
    by_platform: bool,
) -> Iterator[MaterializeResult[Any] | AssetMaterialization]:
    """Report a table that changed; for a person, each selected table."""
    key = asset_key("warehouse", load.table.name)
    if load.changed_by is None and by_platform:
        return
    version = str(load.changed_by or recorded_version(context.instance, key))
    metadata = load.metadata()
    counts = {day: _row_counts(target, load.table, day) for day in days}
    if key not in context.selected_asset_keys:
        ((day, numbers),) = counts.items()
        yield _materialised(load, day, metadata | numbers)
        return
    for day, numbers in counts.items():
        context.add_asset_metadata(numbers, key, day.isoformat())
    yield MaterializeResult[Any](
        asset_key=key, metadata=metadata, data_version=DataVersion(version)
    )


def _report_until_failure(target: Warehouse, load: TableLoads) -> Iterator[AssetMaterialization]:
    """Report the rows loaded before a load failed, for the days of their commits."""
    if load.changed_by is None:
        return
    for day in sorted({commit.date for commit in load.commits}):
        metadata = load.metadata() | _row_counts(target, load.table, day)
        yield _materialised(load, day, metadata)


def _materialised(load: TableLoads, day: date, metadata: Mapping[str, Any]) -> AssetMaterialization:
    """Return the event of a table that changed, planned by the run or not.

    It is yielded, not logged: Dagster drops what a step logs before it fails.
    """
    return AssetMaterialization(
        asset_key("warehouse", load.table.name),
        metadata=metadata,
        partition=day.isoformat(),
        tags=version_tags(str(load.changed_by)),
    )


def _row_counts(target: Warehouse, table: StarTable, day: date) -> dict[str, int]:
    """Count the rows of a table and of a day, unless the connection was lost."""
    if target.connection.closed:
        return {}
    return warehouse_row_counts(target.connection, table, day)
