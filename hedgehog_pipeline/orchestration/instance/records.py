"""Prune Dagster's records: delete old runs, except those that asset pages need."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice

from dagster import (
    AssetKey,
    AssetRecordsFilter,
    DagsterEventType,
    DagsterInstance,
    DagsterRunStatus,
    RunsFilter,
)
from dagster._core.storage.local_compute_log_manager import LocalComputeLogManager

from hedgehog_pipeline.orchestration.instance.evaluations import prune_evaluations

_FINISHED = [DagsterRunStatus.SUCCESS, DagsterRunStatus.FAILURE, DagsterRunStatus.CANCELED]
_MATERIALIZATION = DagsterEventType.ASSET_MATERIALIZATION
_IDS_AT_A_TIME = 500


@dataclass(frozen=True)
class Pruned:
    """What was deleted.

    Attributes:
        runs: how many runs, each with its events, and with its output if that is on this disk.
        evaluations: how many evaluations of checks.
        kept: how many old runs stay, because the page of an asset needs them.
    """

    runs: int
    evaluations: int
    kept: int


def prune(instance: DagsterInstance, before: datetime, most: int) -> Pruned:
    """Delete runs that ended before a time, and evaluations of checks from before it.

    A run that has not ended stays. So does the run of the latest materialization of an asset or of
    one of its partitions: Dagster counts a partition as materialized by that run's event.

    Args:
        instance: where runs are recorded; any storage.
        before: aware UTC.
        most: how many runs to delete at most, the oldest first; the next call continues.
    """
    shown = {run for key in instance.get_asset_keys() for run in _latest_runs(instance, key)}
    ended = RunsFilter(statuses=_FINISHED, updated_before=before)
    records = instance.get_run_records(ended, limit=most + len(shown), ascending=True)
    old = [record.dagster_run.run_id for record in records]
    to_delete = [run for run in old if run not in shown][:most]
    for run in to_delete:
        _delete(instance, run)
    evaluations = prune_evaluations(instance, before)
    return Pruned(len(to_delete), evaluations, sum(run in shown for run in old))


def _latest_runs(instance: DagsterInstance, asset: AssetKey) -> Iterator[str]:
    """Yield the runs of the latest materializations: of the asset, and of each partition."""
    for record in instance.fetch_materializations(asset, limit=1).records:
        yield record.run_id
    latest = instance.get_latest_storage_id_by_partition(asset, _MATERIALIZATION)
    for ids in _batches(list(latest.values())):
        wanted = AssetRecordsFilter(asset, storage_ids=ids)
        for record in instance.fetch_materializations(wanted, limit=len(ids)).records:
            yield record.run_id


def _delete(instance: DagsterInstance, run: str) -> None:
    # If runs print into a bucket, the bucket's own lifecycle rule deletes it.
    if isinstance(instance.compute_log_manager, LocalComputeLogManager):
        instance.compute_log_manager.delete_logs(prefix=[run])
    instance.delete_run(run)


def _batches(ids: Sequence[int]) -> Iterator[list[int]]:
    remaining = iter(ids)
    while batch := list(islice(remaining, _IDS_AT_A_TIME)):
        yield batch
