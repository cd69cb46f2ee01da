"""The partitions that an input requests."""

from collections.abc import Sequence
from datetime import date

from dagster import InputContext


def requested_partitions(context: InputContext) -> Sequence[str] | None:
    """Return the requested partitions; None for all of them, or if the asset has none.

    An asset without partitions requests all partitions of its inputs.
    """
    if not context.has_asset_partitions:
        return None
    requested = context.asset_partition_keys
    if len(requested) == 1:
        return requested
    every = context.asset_partitions_def.get_partition_keys()
    return None if set(every) <= set(requested) else requested


def requested_days(context: InputContext) -> set[date] | None:
    """Return the requested UTC days, None for all."""
    keys = requested_partitions(context)
    return None if keys is None else {date.fromisoformat(key) for key in keys}
