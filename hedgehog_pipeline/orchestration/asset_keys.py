"""The keys of the stages' assets."""

from typing import Literal

from dagster import AssetKey

Layer = Literal["oltp", "star", "warehouse"]
"""What a stage makes: extraction `oltp`, processing `star`, storage `warehouse`."""


def asset_key(layer: Layer, table: str) -> AssetKey:
    """Return the key of a table's asset."""
    return AssetKey([layer, table])
