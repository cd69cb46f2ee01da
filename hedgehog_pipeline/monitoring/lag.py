"""Measure how far the warehouse is behind the source."""

from datetime import datetime

from hedgehog_pipeline.aws.parameters import Parameters
from hedgehog_pipeline.extraction.pending_changes import pending_since
from hedgehog_pipeline.lake.lake import Lake
from hedgehog_pipeline.storage.warehouse import Warehouse


def seconds_behind(
    lake: Lake, warehouse: Warehouse, parameters: Parameters, now: datetime
) -> float:
    """Return the age of the oldest change that a scan has seen and that is not loaded, else 0.

    A landed change is as old as its capture. A change that has not landed is as old as the first
    scan that saw it.

    Args:
        lake: the two logs, which the caller has checked.
        warehouse: the warehouse, prepared or not, which the caller has checked.
        parameters: where the time of the scan is stored.
        now: the current time, aware UTC.

    Raises:
        HedgehogError: where lake, warehouse or parameters cannot be read.
    """
    head = lake.ingestion.head()
    seen = [oldest] if (oldest := pending_since(parameters, head)) else []
    loaded = warehouse.loaded_through() if warehouse.is_prepared() else 0
    if head is not None and loaded < head.number:
        seen.append(lake.ingestion.read(loaded + 1).captured_at)
    return (now - min(seen)).total_seconds() if seen else 0.0
