"""What a run reports to Dagster besides its planned outputs.

A run plans the tables that are sure to change. If the snapshot shows that others changed too, they
are written as well, because a commit is whole, and reported here.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from dagster import (
    AssetExecutionContext,
    AssetKey,
    AssetMaterialization,
    BackfillPolicy,
    DagsterInstance,
    MetadataValue,
    TableMetadataValue,
    TableRecord,
)

from hedgehog_pipeline.lake.previews import Preview
from hedgehog_pipeline.scheduling.batching import PIPELINE
from hedgehog_pipeline.scheduling.run_tags import launched_by_platform

ROWS_WRITTEN = "rows written"
"""Metadata key: rows of a table that one run wrote; Dagster's own count is that of the table."""

_DATA_VERSION = "dagster/data_version"  # Dagster's own tag
_NEVER_TOUCHED = "0"
_DAYS_A_RUN = 31

MONTHLY_BACKFILL = BackfillPolicy.multi_run(_DAYS_A_RUN)
"""A backfill runs a month at a time: a day costs little compared with starting the process."""


def yields_all(context: AssetExecutionContext, next_layer: str) -> bool:
    """Return whether a stage yields all planned outputs, or only those that changed.

    Dagster skips a step below an output that is missing; a person gets every selected asset.

    Args:
        context: of the stage's step.
        next_layer: the layer that the next stage writes.
    """
    run = context.run
    if not launched_by_platform(run.tags):
        return True
    if not run.asset_selection:
        return run.job_name == PIPELINE
    return any(key.path[0] == next_layer for key in run.asset_selection)


def preview_metadata(preview: Preview) -> dict[str, TableMetadataValue]:
    """Return the first rows for the UI, as a table of plain text; nothing if there are none.

    Markdown would load a picture that a source text names, as soon as someone looks at it.
    """
    records = [TableRecord(record) for record in preview.records()]
    return {"preview": MetadataValue.table(records)} if records else {}


def report_unplanned(
    context: AssetExecutionContext, key: AssetKey, metadata: Mapping[str, Any], version: str
) -> None:
    """Report the materialisation of an asset outside the run's selection.

    Args:
        context: of the run, which has one partition.
        version: the batch or the commit that last changed it.
    """
    context.log_event(
        AssetMaterialization(
            key,
            metadata=metadata,
            partition=context.partition_key,
            tags=version_tags(version),
        )
    )


def version_tags(version: str) -> dict[str, str]:
    """Return the tags that give a reported materialisation its data version."""
    return {_DATA_VERSION: version}


def data_version(instance: DagsterInstance, key: AssetKey, changed_by: Sequence[str]) -> str:
    """Return the data version of a lake asset: the id of the batch that last changed it.

    A batch has its id from the start; a commit has a number only once it is in the log.

    Args:
        instance: where runs are recorded.
        key: of the asset.
        changed_by: the batches of the run that change it; if none does, the version stays.
    """
    return changed_by[-1] if changed_by else recorded_version(instance, key)


def recorded_version(instance: DagsterInstance, key: AssetKey) -> str:
    """Return the data version that the instance has recorded for an asset."""
    return version_of(latest_materialization(instance, key))


def latest_materialization(instance: DagsterInstance, key: AssetKey) -> AssetMaterialization | None:
    """Return the last materialisation that the instance has recorded for an asset, if any."""
    event = instance.get_latest_materialization_event(key)
    return event.asset_materialization if event else None


def version_of(materialization: AssetMaterialization | None) -> str:
    """Return the data version of a materialisation."""
    tags = materialization.tags if materialization else None
    return (tags or {}).get(_DATA_VERSION, _NEVER_TOUCHED)
