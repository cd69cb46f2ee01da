"""How far the warehouse is behind the shop."""

from datetime import datetime

from hedgehog_pipeline.lake.lake import Lake
from hedgehog_pipeline.storage.warehouse import Warehouse


def seconds_behind(lake: Lake, warehouse: Warehouse, now: datetime) -> float:
    """Give the age of the oldest capture that the warehouse does not hold, 0 if it holds all.

    Args:
        lake: the two logs.
        warehouse: the warehouse, prepared or not.
        now: the moment, aware UTC.
    """
    loaded = warehouse.loaded_through() if warehouse.is_prepared() else 0
    if loaded >= lake.ingestion.end():
        return 0.0
    return (now - lake.ingestion.read(loaded + 1).captured_at).total_seconds()
