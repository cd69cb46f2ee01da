"""Which partitions an input asks for, in Dagster's words."""

from collections.abc import Sequence
from datetime import date

from dagster import InputContext


def asked_keys(context: InputContext) -> Sequence[str] | None:
    """Give the partitions that are asked for, None where all are, or the asset has none.

    An asset without partitions asks for all of those above it.
    """
    if not context.has_asset_partitions:
        return None
    asked = context.asset_partition_keys
    if len(asked) == 1:
        return asked
    every = context.asset_partitions_def.get_partition_keys()
    return None if set(every) <= set(asked) else asked


def asked_days(context: InputContext) -> set[date] | None:
    """Give the UTC days that are asked for, None where all are."""
    keys = asked_keys(context)
    return None if keys is None else {date.fromisoformat(key) for key in keys}
