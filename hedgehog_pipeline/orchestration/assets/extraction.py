"""The assets `oltp/<table>`: one step, because a capture reads all tables in one snapshot."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timezone
from typing import Any

from dagster import (
    AssetExecutionContext,
    AssetOut,
    AssetsDefinition,
    Config,
    DataVersion,
    Output,
    ResourceParam,
    multi_asset,
)
from pydantic import Field

from hedgehog_pipeline.deployment import Deployment
from hedgehog_pipeline.errors import HedgehogError
from hedgehog_pipeline.extraction.capture import plan_capture
from hedgehog_pipeline.extraction.capture_request import Mode
from hedgehog_pipeline.extraction.delete_detection import detect_deletes
from hedgehog_pipeline.extraction.drift import new_columns
from hedgehog_pipeline.extraction.prepared_commit import (
    PreparedCommit,
    commit_of,
    prepare_capture,
    prepare_deletes,
)
from hedgehog_pipeline.extraction.watermarks import publish_watermarks
from hedgehog_pipeline.inbox.inbox import claim_oldest
from hedgehog_pipeline.lake.batch import Batch, batch_id
from hedgehog_pipeline.lake.commits import CHANGING_KINDS, IngestionCommit
from hedgehog_pipeline.lake.csv_writer import CsvRows
from hedgehog_pipeline.lake.lake import Lake
from hedgehog_pipeline.lake.row_counts import counts_before
from hedgehog_pipeline.logs.events import StageLog
from hedgehog_pipeline.model.model import Model
from hedgehog_pipeline.model.tables import SourceTable
from hedgehog_pipeline.orchestration.asset_keys import asset_key
from hedgehog_pipeline.orchestration.assets.column_metadata import (
    code_version_of,
    column_metadata,
    landed_description,
)
from hedgehog_pipeline.orchestration.assets.materializations import (
    MONTHLY_BACKFILL,
    data_version,
    recorded_version,
    report_unplanned,
    yields_all,
)
from hedgehog_pipeline.orchestration.io.lake_io_managers import CsvIOManager
from hedgehog_pipeline.orchestration.partitions import DAYS
from hedgehog_pipeline.orchestration.resources import SnapshotResource
from hedgehog_pipeline.scheduling.run_tags import launched_by_platform

_MANY_RANGES = 1000
"""From so many ranges of transactions on, they take a kilobyte or more in each commit."""


class ExtractConfig(Config):
    """Run configuration of a capture."""

    mode: Mode = Field(
        default=Mode.CHANGES,
        description="CHANGES: rows that changed since the last capture. REREAD: all rows again. "
        "SWEEP: find deleted rows. INBOX: the oldest file in `inbox/`, nothing from the source.",
    )
    allow_mass_delete: bool = Field(
        default=False,
        description="With SWEEP: accept that a large share of a table was deleted.",
    )


def output_of(table: SourceTable) -> str:
    """Return its output name; Dagster forbids some table names (`config`, `type`)."""
    return f"oltp_{table.name}"


def extraction_assets(model: Model) -> AssetsDefinition:
    """Return the assets of a model's source tables."""

    @multi_asset(
        name="extract",
        outs={
            output_of(table): AssetOut(
                key=asset_key("oltp", table.name),
                description=landed_description(table),
                group_name="extraction",
                io_manager_key="csv",
                kinds={"postgres", "s3", "csv"},
                owners=["team:data"],
                metadata=column_metadata(table.columns),
                code_version=code_version_of(table.columns),
                is_required=False,
            )
            for table in model.source.values()
        },
        partitions_def=DAYS,
        can_subset=True,
        pool="extraction",
        backfill_policy=MONTHLY_BACKFILL,
    )
    def extract(  # noqa: PLR0913, PLR0917 (Dagster passes them by name)
        context: AssetExecutionContext,
        config: ExtractConfig,
        deployment: ResourceParam[Deployment],
        snapshots: SnapshotResource,
        csv: ResourceParam[CsvIOManager],
        log: ResourceParam[StageLog],
    ) -> Iterator[Output[list[CsvRows]]]:
        """Capture changes of the source or the inbox today; for past days, report what landed."""
        now = datetime.now(timezone.utc)
        selected = [
            table
            for table in model.source.values()
            if asset_key("oltp", table.name) in context.selected_asset_keys
        ]
        days = [date.fromisoformat(key) for key in context.partition_keys]
        for day in days:
            if day != now.date():
                _report(context, deployment.lake, selected, day)
        if now.date() not in days:
            yield from _unchanged(context, selected)
            return
        platform = launched_by_platform(context.run.tags)
        tables = deployment.tables if platform else selected
        run = _Extraction(context, deployment, csv, log, tables, now)
        if config.mode is Mode.INBOX:
            yield from run.land_file()
        else:
            yield from run.capture(config, snapshots)

    return extract


@dataclass(frozen=True)
class _Extraction:
    """A run of today.

    Attributes:
        tables: the tables that it may land.
        now: when it began, aware UTC.
    """

    context: AssetExecutionContext
    deployment: Deployment
    csv: CsvIOManager
    log: StageLog
    tables: Sequence[SourceTable]
    now: datetime

    def capture(
        self, config: ExtractConfig, snapshots: SnapshotResource
    ) -> Iterator[Output[list[CsvRows]]]:
        """Capture changes of the source, or the deletions that delete detection finds."""
        settings, log, lake = self.deployment.settings, self.log, self.deployment.lake
        head, batch = self._begin()
        snapshot = snapshots.open(self.deployment, self.tables)
        if config.mode is Mode.SWEEP and head is not None:
            share = math.inf if config.allow_mass_delete else settings.mass_delete_share
            found = detect_deletes(
                snapshot, lake.ingestion, head, self.tables, mass_delete_share=share
            )
            pending = prepare_deletes(self.tables, found, head, batch)
        else:
            capture = plan_capture(
                snapshot,
                head,
                self.tables,
                slice_rows=settings.slice_rows,
                captured_at=self.now,
                mode=config.mode,
            )
            pending = prepare_capture(self.tables, capture, snapshot, batch)
        if pending.reread:
            log.reread(batch, pending.reread)
        for table, why in pending.reread_tables.items():
            log.reread(batch, why, table)
        yield from self._outputs(pending, batch, after=head)
        commit = lake.ingestion.append(
            commit_of(pending, batch, after=head, snapshot=snapshot, captured_at=self.now)
        )
        snapshots.close()
        if commit is None:
            log.discarded("extraction", batch)
        else:
            log.committed("extraction", commit, self.now)
            declared = self.deployment.tables
            for table, columns in new_columns(declared, commit, head, lake.ingestion):
                log.undeclared_columns(commit, table.name, columns)
            if pending.ranges > _MANY_RANGES and snapshot.pg_snapshot.open:
                log.transaction_open(commit, snapshot.pg_snapshot, pending.ranges)
        if landed := commit or head:
            publish_watermarks(self.deployment.parameters, landed)

    def land_file(self) -> Iterator[Output[list[CsvRows]]]:
        """Land the oldest file in the inbox; the source is not read."""
        log, lake, declared = self.log, self.deployment.lake, self.deployment.model.source
        head, batch = self._begin()
        take = claim_oldest(lake.ingestion, head, declared, self.tables, batch)
        pending = take.pending if take else PreparedCommit("inbox", {}, {})
        yield from self._outputs(pending, batch, after=head)
        commit = lake.ingestion.append(take.commit_of(batch, claimed_at=self.now)) if take else None
        if commit is None:
            log.discarded("extraction", batch)
        else:
            log.committed("extraction", commit, self.now)
            for name, found in pending.found.items():
                log.file_landed(commit, name, found)

    def _begin(self) -> tuple[IngestionCommit | None, Batch]:
        """Return the head of the ingestion log and a batch of today that follows it."""
        lake = self.deployment.lake
        lake.confirm_source()  # before anything lands in an emptied or swapped bucket
        today, head = self.now.date(), lake.ingestion.head()
        _refuse_earlier_day(today, head)
        before = counts_before(head, today)
        return head, Batch(batch_id(self.now), today, lake.ingestion.bucket, "csv", before)

    def _outputs(
        self, pending: PreparedCommit, batch: Batch, *, after: IngestionCommit | None
    ) -> Iterator[Output[list[CsvRows]]]:
        """Yield the planned tables' outputs; write and report the others directly."""
        context = self.context
        for table in self.deployment.tables:
            key, name = asset_key("oltp", table.name), table.name
            # The commit's own number is known only after the last output: its batch id names it.
            metadata: dict[str, Any] = {
                "after commit": after.number if after else 0,
                **pending.found.get(name, {}),
            }
            peeked = [of_kind.peek() for of_kind in pending.rows.get(name, [])]
            rows = [of_kind for of_kind, _ in peeked]
            kinds = {of_kind.kind for of_kind, has_rows in peeked if has_rows}
            touched = kinds - {"keys"}
            changed_by = [batch.id] if not kinds.isdisjoint(CHANGING_KINDS) else []
            if key in context.selected_asset_keys and (touched or yields_all(context, "star")):
                yield Output(
                    rows or [CsvRows(batch, (), ())],
                    output_name=output_of(table),
                    metadata=metadata,
                    data_version=DataVersion(data_version(context.instance, key, changed_by)),
                )
            elif rows:
                metadata |= self.csv.write(key, rows)
                if touched:
                    version = data_version(context.instance, key, changed_by)
                    report_unplanned(context, key, metadata, version)


def _unchanged(
    context: AssetExecutionContext, tables: Sequence[SourceTable]
) -> Iterator[Output[list[CsvRows]]]:
    """Yield the outputs of a run of past days, which writes nothing."""
    for table in tables:
        version = DataVersion(recorded_version(context.instance, asset_key("oltp", table.name)))
        yield Output([], output_name=output_of(table), data_version=version)


def _refuse_earlier_day(day: date, head: IngestionCommit | None) -> None:
    """Refuse to append a commit of an earlier day: the log finds a day's commits by date order."""
    if head is not None and day < head.date:
        raise HedgehogError(
            f"The last ingestion commit, {head.number}, landed on {head.date}, and today is {day} "
            "by this machine's clock; correct the clock, then run again."
        )


def _report(
    context: AssetExecutionContext, lake: Lake, tables: Sequence[SourceTable], day: date
) -> None:
    """Report what landed on a past day; PostgreSQL keeps no past state to capture again."""
    commits = lake.ingestion.of_day(day)
    for table in tables:
        parts = [part for commit in commits for part in commit.parts_of(f"oltp/{table.name}")]
        landed = sum(part.rows for part in parts)
        context.add_asset_metadata(
            {"dagster/partition_row_count": landed}, asset_key("oltp", table.name), day.isoformat()
        )
