"""What a run tells Dagster of its tables beside its planned outputs.

A run plans what surely changes. What else turns out to have changed once its snapshot is open is
written all the same, for a commit is whole, and is reported here.
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
"""The metadata of what one run wrote of a table; Dagster's own counts are those of the table."""

_DATA_VERSION = "dagster/data_version"  # the tag in which Dagster keeps it
_NEVER_TOUCHED = "0"
_DAYS_A_RUN = 31

A_MONTH_A_RUN = BackfillPolicy.multi_run(_DAYS_A_RUN)
"""A backfill of a month is one run: a day costs little beside the process."""


def hands_on(context: AssetExecutionContext, next_layer: str) -> bool:
    """Tell whether a stage hands over all that its run planned, or only what changed.

    Dagster skips a step below an output that is not there; a person gets what was selected.

    Args:
        context: of the stage's step.
        next_layer: the layer that the stage after it makes.
    """
    run = context.run
    if not launched_by_platform(run.tags):
        return True
    if not run.asset_selection:
        return run.job_name == PIPELINE
    return any(key.path[0] == next_layer for key in run.asset_selection)


def preview_metadata(preview: Preview) -> dict[str, TableMetadataValue]:
    """Give the first rows for the UI, as a table of plain text; nothing where there are none.

    Markdown would show what a text of the shop names: a picture is asked for as soon as it is seen.
    """
    records = [TableRecord(record) for record in preview.records()]
    return {"preview": MetadataValue.table(records)} if records else {}


def report_unplanned(
    context: AssetExecutionContext, key: AssetKey, metadata: Mapping[str, Any], version: str
) -> None:
    """Report that an asset outside the run's selection was materialised as well.

    Args:
        context: of the run, which has one partition.
        key: of the asset.
        metadata: of the materialisation.
        version: names the batch or the commit that last changed it.
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
    """Give the tags by which a reported materialisation has a data version."""
    return {_DATA_VERSION: version}


def data_version(instance: DagsterInstance, key: AssetKey, changed_by: Sequence[str]) -> str:
    """Give the data version of an asset of the lake: the id of the batch that last changed it.

    A batch has its id from the start, a commit its number only once it stands in the log.

    Args:
        instance: where runs are recorded.
        key: of the asset.
        changed_by: the batches of the run that change it; where none does, the version stays.
    """
    return changed_by[-1] if changed_by else recorded_version(instance, key)


def recorded_version(instance: DagsterInstance, key: AssetKey) -> str:
    """Give the data version of an asset as the instance has it: it stays where nothing changed."""
    event = instance.get_latest_materialization_event(key)
    found = event.asset_materialization if event else None
    return (found.tags or {}).get(_DATA_VERSION, _NEVER_TOUCHED) if found else _NEVER_TOUCHED
