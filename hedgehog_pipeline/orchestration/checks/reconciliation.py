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
    ResourceParam,
    ScheduleDefinition,
    define_asset_job,
    multi_asset_check,
)

from hedgehog_pipeline.extraction.source import SourceSnapshot
from hedgehog_pipeline.lake.lake import Lake
from hedgehog_pipeline.model.source import SourceTable
from hedgehog_pipeline.orchestration.asset_keys import asset_key
from hedgehog_pipeline.orchestration.resources import SourceResource, WarehouseResource
from hedgehog_pipeline.reconciliation.reconcile import reconcile
from hedgehog_pipeline.reconciliation.result import RECONCILED, Reconciled, advice_on

_CHECK = "reconciled"
_WAREHOUSE = {name: asset_key("warehouse", name) for name in RECONCILED}


_DESCRIPTION = """\
Compares each warehouse table with the source, key by key. Its check `reconciled` fails on a
difference that no pending change explains. It reads both databases in full and changes nothing.

Launched by the schedule `reconcile`, every night.

By hand: at any time. `hedgehog reconcile` does the same on a terminal.
"""


@multi_asset_check(
    name="reconcile_warehouse",
    specs=[
        AssetCheckSpec(
            _CHECK,
            asset=key,
            description="The table equals the source, except for changes that are still pending.",
        )
        for key in _WAREHOUSE.values()
    ],
    can_subset=True,
)
def reconcile_warehouse(
    context: AssetCheckExecutionContext,
    lake: ResourceParam[Lake],
    source: SourceResource,
    warehouse: WarehouseResource,
) -> Iterator[AssetCheckResult]:
    """Compare the warehouse with the source."""
    selected = {key.asset_key for key in context.selected_asset_check_keys}
    tables = [RECONCILED[name] for name, key in _WAREHOUSE.items() if key in selected]

    @contextmanager
    def open_source(of: Sequence[SourceTable]) -> Generator[SourceSnapshot, None, None]:
        yield source.open_snapshot(of)
        source.close()

    with warehouse.open() as target:
        for found in reconcile(lake, target, open_source, tables):
            yield _result(found)


reconcile_job = define_asset_job(
    "reconcile",
    AssetSelection.checks(reconcile_warehouse),
    description=_DESCRIPTION,
)

reconcile_schedule = ScheduleDefinition(
    name="reconcile",
    job_name=reconcile_job.name,
    cron_schedule="17 3 * * *",
    default_status=DefaultScheduleStatus.RUNNING,
    description="Compares the warehouse with the source, key by key, every night.",
)


def _result(found: Reconciled) -> AssetCheckResult:
    metadata: dict[str, int | str | list[str]] = {"faults": found.faults}
    if found.comparison is not None:
        for side, total in found.comparison.totals.items():
            metadata |= {f"{side} rows": total.rows, f"{side} checksum": total.hex}
    metadata |= {f"in flight: {why}": keys for why, keys in found.in_flight.items()}
    metadata["examples"] = [str(difference) for difference in found.differences]
    return AssetCheckResult(
        asset_key=_WAREHOUSE[found.table],
        check_name=_CHECK,
        passed=not found.faults,
        severity=AssetCheckSeverity.ERROR,
        description=f"{found.verdict}. {advice_on([found])}" if found.faults else found.verdict,
        metadata=metadata,
    )
