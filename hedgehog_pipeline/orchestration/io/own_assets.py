"""Store and load the frames of a data team's own assets."""

from collections.abc import Mapping
from typing import Any

import pyarrow as pa
from dagster import (
    DagsterInvariantViolationError,
    InputContext,
    OutputContext,
    TableColumn,
    TableSchema,
)

from hedgehog_pipeline.errors import HedgehogError
from hedgehog_pipeline.lake.bucket import Bucket
from hedgehog_pipeline.lake.previews import MAX_ROWS, Preview
from hedgehog_pipeline.lake.stored_frames import WHOLE, StoredFrames
from hedgehog_pipeline.orchestration.assets.materializations import preview_metadata
from hedgehog_pipeline.orchestration.io.frame_types import to_arrow
from hedgehog_pipeline.orchestration.io.inputs import requested_partitions


def store_frame(context: OutputContext, frame: Any, bucket: Bucket) -> None:
    """Store the frame that an asset returned, and describe it in the UI.

    Raises:
        HedgehogError: if it is not a frame, or the run has several partitions.
    """
    asset = context.asset_key.to_user_string()
    partitioned = context.has_asset_partitions
    keys = context.asset_partition_keys if partitioned else [WHOLE]
    if len(keys) > 1:
        raise HedgehogError(
            f"{asset} returned one frame for {len(keys)} partitions: launch a run for each, with "
            "BackfillPolicy.multi_run(max_partitions_per_run=1)."
        )
    rows = to_arrow(frame, asset)
    key, size = StoredFrames(bucket, context.asset_key.path).write(keys[0], rows)
    preview = Preview()
    list(preview.passing([rows.slice(0, MAX_ROWS)]))
    context.add_output_metadata(
        {
            "dagster/partition_row_count" if partitioned else "dagster/row_count": rows.num_rows,
            "dagster/column_schema": _schema(rows),
            "dagster/uri": f"s3://{bucket.name}/{key}",
            "bytes": size,
            **preview_metadata(preview),
        }
    )


def load_frame(context: InputContext, bucket: Bucket) -> pa.Table:
    """Load the frame that an asset returned last, or those of the partitions that have one.

    If no partition is requested, as the first day requests none of the day before, the frame has
    neither rows nor columns.

    Raises:
        HedgehogError: if there is none, or the partitions have columns of different types.
    """
    keys = _partitions(context)
    if not keys:
        return pa.table({})
    asset = context.asset_key.to_user_string()
    stored = StoredFrames(bucket, context.asset_key.path)
    found = {key: rows for key in keys if (rows := stored.read(key)) is not None}
    if not found:
        raise HedgehogError(
            f"Nothing is stored of {asset} in the bucket {bucket.name}: materialise it first."
        )
    return _joined(asset, found)


def _joined(asset: str, frames: Mapping[str, pa.Table]) -> pa.Table:
    """Concatenate the frames of partitions.

    The types of a frame without rows mean nothing: pandas makes each empty column a number.
    """
    every = list(frames.items())
    filled = [(key, rows) for key, rows in every if rows.num_rows]
    (_, joined), *others = filled or every[-1:]
    for key, rows in others:
        joined = _below(joined, rows, f"{key} of {asset}")
    return joined


def _below(above: pa.Table, rows: pa.Table, partition: str) -> pa.Table:
    try:
        return pa.concat_tables([above, rows], promote_options="permissive")
    except pa.ArrowException as error:
        raise HedgehogError(
            f"The partition {partition} does not fit those before it: {error}. Return the same "
            "type for a column in every partition, and materialise the others again."
        ) from error


def _partitions(context: InputContext) -> list[str]:
    requested = requested_partitions(context)
    if requested is not None:
        return list(requested)
    try:
        return list(context.asset_partitions_def.get_partition_keys())
    except DagsterInvariantViolationError:
        return [WHOLE]


def _schema(rows: pa.Table) -> TableSchema:
    return TableSchema([TableColumn(field.name, str(field.type)) for field in rows.schema])
