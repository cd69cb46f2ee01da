"""The assets `warehouse/<table>`: one step, because a commit becomes visible at once."""

from collections import Counter
from collections.abc import Iterator
from datetime import date, datetime, timezone
from typing import Any

from dagster import (
    AssetExecutionContext,
    AssetIn,
    AssetKey,
    AssetSpec,
    MaterializeResult,
    ResourceParam,
    multi_asset,
)

from hedgehog_pipeline.catalog import described, lineage_from_star
from hedgehog_pipeline.lake.lake import Lake
from hedgehog_pipeline.lake.parquet_parts import ProcessedTable
from hedgehog_pipeline.logs import StageLog
from hedgehog_pipeline.partitions import DAYS
from hedgehog_pipeline.runs import MOST_COMMITS, commits_of_run
from hedgehog_pipeline.schema.star import STAR, StarTable
from hedgehog_pipeline.storage.ddl import stored_columns
from hedgehog_pipeline.storage.pending import commits_of_day, pending_commits
from hedgehog_pipeline.storage.resources import WarehouseResource


def key_of(table: StarTable) -> AssetKey:
    """Give the asset key of a warehouse table."""
    return AssetKey(["warehouse", table.name])


@multi_asset(
    name="store",
    ins={name: AssetIn(key=AssetKey(["star", name]), input_manager_key="parquet") for name in STAR},
    specs=[
        AssetSpec(
            key_of(table),
            deps=[AssetKey(["star", table.name])],
            description=table.description,
            group_name="storage",
            kinds={"postgres", "table"},
            owners=["team:data"],
            metadata=described(stored_columns(table), lineage_from_star(table)),
        )
        for table in STAR.values()
    ],
    partitions_def=DAYS,
    can_subset=True,
    pool="storage",
)
def store(
    context: AssetExecutionContext,
    lake: ResourceParam[Lake],
    warehouse: WarehouseResource,
    log: ResourceParam[StageLog],
    **inputs: ProcessedTable,
) -> Iterator[MaterializeResult[Any]]:
    """Load the commits that the run was launched for; launched by a person, the whole day."""
    tables = [table for table in STAR.values() if key_of(table) in context.selected_asset_keys]
    day = date.fromisoformat(context.partition_key)
    written: Counter[str] = Counter()
    with warehouse.open() as target:
        target.prepare()
        commits = commits_of_run(
            context.run.tags,
            day,
            lake.processed,
            pending=lambda: pending_commits(lake, target, MOST_COMMITS),
            of_day=lambda: commits_of_day(lake, target, day),
        )
        for commit in commits:
            began = datetime.now(timezone.utc)
            loaded = target.load(
                commit, tables, lambda table, held: inputs[table.name].rows_of(held)
            )
            log.loaded(commit, loaded.rows, began)
            written.update(loaded.rows)
    for table in tables:
        yield MaterializeResult[Any](
            asset_key=key_of(table),
            metadata={
                "dagster/partition_row_count": written[table.name],
                "commits": [commit.number for commit in commits],
            },
        )
