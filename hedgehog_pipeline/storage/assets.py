"""The assets `warehouse/<table>`: one step, because a commit becomes visible at once."""

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import date, datetime, timezone
from typing import Any

import pyarrow as pa
from dagster import (
    AssetExecutionContext,
    AssetIn,
    AssetKey,
    AssetSpec,
    MaterializeResult,
    MetadataValue,
    ResourceParam,
    multi_asset,
)

from hedgehog_pipeline.catalog import described, lineage_from_star
from hedgehog_pipeline.lake.commits import PartKind, ProcessedCommit
from hedgehog_pipeline.lake.lake import Lake
from hedgehog_pipeline.lake.parquet_parts import ProcessedTable
from hedgehog_pipeline.lake.previews import Preview
from hedgehog_pipeline.logs import StageLog
from hedgehog_pipeline.partitions import DAYS
from hedgehog_pipeline.runs import MOST_COMMITS, commits_of_run
from hedgehog_pipeline.schema.star import STAR, StarTable
from hedgehog_pipeline.storage.ddl import stored_columns
from hedgehog_pipeline.storage.pending import commits_of_day, confirm_loaded, pending_commits
from hedgehog_pipeline.storage.provenance import Provenance
from hedgehog_pipeline.storage.resources import WarehouseResource


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
            description=table.description,
            group_name="storage",
            kinds={"postgres", "table"},
            owners=["team:data"],
            metadata=described(stored_columns(table), lineage_from_star(table)),
        ).with_io_manager_key("warehouse_tables")
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
    seconds: dict[str, float] = dict.fromkeys(STAR, 0.0)
    previews = {table.name: Preview() for table in tables}
    provenance = {table.name: Provenance(lake, table) for table in tables}

    def parts_of(table: StarTable, held: ProcessedCommit, kind: PartKind) -> Iterable[pa.Table]:
        rows = inputs[table.name].rows_of(held, kind)
        if kind != "rows":
            return rows
        return previews[table.name].passing(provenance[table.name].passing(held, rows))

    with warehouse.open() as target:
        target.prepare()
        confirm_loaded(lake, target)
        commits = commits_of_run(
            context.run.tags,
            day,
            lake.processed,
            pending=lambda: pending_commits(lake, target, MOST_COMMITS),
            of_day=lambda: commits_of_day(lake, target, day),
        )
        for commit in commits:
            began = datetime.now(timezone.utc)
            loaded = target.load(commit, tables, parts_of)
            log.loaded(commit, loaded, began)
            written.update(loaded.rows)
            for name, took in loaded.seconds.items():
                seconds[name] += took
    for table in tables:
        preview, records = previews[table.name], provenance[table.name].records
        parts = [part for commit in commits for part in commit.parts_of(f"star/{table.name}")]
        yield MaterializeResult[Any](
            asset_key=key_of(table),
            metadata={
                "dagster/partition_row_count": written[table.name],
                "bytes": sum(part.bytes for part in parts),
                "seconds": round(seconds[table.name], 3),
                "commits": [commit.number for commit in commits],
                "parts": [f"s3://{lake.processed.bucket.name}/{part.key}" for part in parts],
                **({"preview": MetadataValue.md(str(preview))} if preview.rows else {}),
                **({"provenance": MetadataValue.table(records)} if records else {}),
            },
        )
