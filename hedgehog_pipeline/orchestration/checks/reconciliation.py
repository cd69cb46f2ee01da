"""The check `reconciled` of each warehouse table: every night, key by key against the source."""

from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager

from dagster import (
    AssetCheckExecutionContext,
    AssetCheckResult,
    AssetCheckSeverity,
    AssetCheckSpec,
    AssetSelection,
    DefaultScheduleStatus,
    Definitions,
    ScheduleDefinition,
    define_asset_job,
    multi_asset_check,
)

from hedgehog_pipeline.deployment import Deployment
from hedgehog_pipeline.extraction.source import SourceSnapshot
from hedgehog_pipeline.model.tables import SourceTable
from hedgehog_pipeline.orchestration.asset_keys import asset_key
from hedgehog_pipeline.orchestration.resources import SnapshotResource
from hedgehog_pipeline.reconciliation.reconcile import reconcile
from hedgehog_pipeline.reconciliation.result import Reconciled, advice_on, reconciled_tables

RECONCILE = "reconcile"
"""The job and its schedule."""

_CHECK = "reconciled"

_DESCRIPTION = """\
Compares each warehouse table with the source, key by key. Its check `reconciled` fails on a
difference that no pending change explains. It reads both databases in full and changes nothing.

Launched by the schedule `reconcile`, every night.

By hand: at any time. `hedgehog reconcile` does the same on a terminal.
"""


def reconciliation_checks(deployment: Deployment) -> Definitions:
    """Define the checks `reconciled`, the job that evaluates them, and its schedule."""
    tables = reconciled_tables(deployment.model.star)
    key_of = {name: asset_key("warehouse", name) for name in tables}

    @multi_asset_check(
        name="reconcile_warehouse",
        specs=[
            AssetCheckSpec(
                _CHECK,
                asset=key,
                description="The table equals the source, except for changes still pending.",
            )
            for key in key_of.values()
        ],
        can_subset=True,
    )
    def reconcile_warehouse(
        context: AssetCheckExecutionContext, snapshots: SnapshotResource
    ) -> Iterator[AssetCheckResult]:
        """Compare the warehouse with the source."""
        selected = {key.asset_key for key in context.selected_asset_check_keys}
        wanted = [table for name, table in tables.items() if key_of[name] in selected]

        @contextmanager
        def open_source(of: Sequence[SourceTable]) -> Generator[SourceSnapshot, None, None]:
            yield snapshots.open(deployment, of)
            snapshots.close()

        with deployment.warehouse() as warehouse:
            for found in reconcile(deployment.lake, warehouse, open_source, wanted):
                yield _result(found)

    job = define_asset_job(
        RECONCILE,
        AssetSelection.checks(reconcile_warehouse),
        description=_DESCRIPTION,
        tags=deployment.settings.tags_of(RECONCILE),
    )
    schedule = ScheduleDefinition(
        name=RECONCILE,
        job_name=RECONCILE,
        # After midnight's closing of the past day: an evaluation counts until the next event.
        cron_schedule="17 0 * * *",
        default_status=DefaultScheduleStatus.RUNNING,
        description="Compares the warehouse with the source, key by key, every night.",
    )
    return Definitions(asset_checks=[reconcile_warehouse], jobs=[job], schedules=[schedule])


def _result(found: Reconciled) -> AssetCheckResult:
    metadata: dict[str, int | str | list[str]] = {"faults": found.faults}
    if found.comparison is not None:
        for side, total in found.comparison.totals.items():
            metadata |= {f"{side} rows": total.rows, f"{side} checksum": total.hex}
    metadata |= {f"in flight: {why}": keys for why, keys in found.in_flight.items()}
    metadata["examples"] = [str(difference) for difference in found.differences]
    return AssetCheckResult(
        asset_key=asset_key("warehouse", found.table),
        check_name=_CHECK,
        passed=not found.faults,
        severity=AssetCheckSeverity.ERROR,
        description=f"{found.verdict}. {advice_on([found])}" if found.faults else found.verdict,
        metadata=metadata,
    )
