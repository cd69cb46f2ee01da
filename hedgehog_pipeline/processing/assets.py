"""The assets `star/<table>`: one step, because a processed commit is whole or absent."""

from collections.abc import Iterator
from datetime import date, datetime, timezone

from dagster import (
    AssetExecutionContext,
    AssetIn,
    AssetKey,
    AssetOut,
    Output,
    ResourceParam,
    multi_asset,
)

from hedgehog_pipeline.catalog import described, lineage_from_shop
from hedgehog_pipeline.lake.batch import Batch, batch_id
from hedgehog_pipeline.lake.lake import Lake
from hedgehog_pipeline.lake.landed import LandedTable
from hedgehog_pipeline.lake.parquet_parts import ParquetRows
from hedgehog_pipeline.logs import StageLog
from hedgehog_pipeline.partitions import DAYS
from hedgehog_pipeline.processing.pending import pending_commits
from hedgehog_pipeline.processing.work import Work
from hedgehog_pipeline.runs import MOST_COMMITS, commits_of_run
from hedgehog_pipeline.schema.shop import SHOP
from hedgehog_pipeline.schema.star import STAR, StarTable


def key_of(table: StarTable) -> AssetKey:
    """Give the asset key of a star table."""
    return AssetKey(["star", table.name])


@multi_asset(
    name="process",
    ins={
        f"oltp_{name}": AssetIn(key=AssetKey(["oltp", name]), input_manager_key="landed_tables")
        for name in SHOP
    },
    outs={
        table.name: AssetOut(
            key=key_of(table),
            description=table.description,
            group_name="processing",
            io_manager_key="parquet",
            kinds={"pandas", "s3", "parquet"},
            owners=["team:data"],
            metadata=described(table.landed_columns, lineage_from_shop(table)),
            is_required=False,
        )
        for table in STAR.values()
    },
    internal_asset_deps={
        table.name: {AssetKey(["oltp", name]) for name in table.inputs} for table in STAR.values()
    },
    partitions_def=DAYS,
    can_subset=True,
    pool="processing",
)
def process(
    context: AssetExecutionContext,
    lake: ResourceParam[Lake],
    log: ResourceParam[StageLog],
    **inputs: LandedTable,
) -> Iterator[Output[list[ParquetRows]]]:
    """Shape the commits that the run was launched for; launched by a person, the whole day."""
    now = datetime.now(timezone.utc)
    day = date.fromisoformat(context.partition_key)
    tables = [table for table in STAR.values() if key_of(table) in context.selected_asset_keys]
    batch = Batch(batch_id(now), day, lake.processed.bucket, "parquet")
    commits = commits_of_run(
        context.run.tags,
        day,
        lake.ingestion,
        pending=lambda: pending_commits(lake, MOST_COMMITS),
        of_day=lambda: lake.ingestion.of_day(day),
    )
    work = Work.on(commits, tables, batch, head=lake.confirm_source())
    landed = {table.table.name: table for table in inputs.values()}
    for table in tables:
        numbers = {"ingestion commits": [commit.number for commit in commits]}
        yield Output(work.rows_of(table, landed), output_name=table.name, metadata=numbers)
    if not commits:
        return
    commit = lake.processed.append(work.commit_on)
    if commit is None:
        log.dropped("processing", batch)
    else:
        log.committed("processing", commit, now)
