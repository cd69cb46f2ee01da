"""Where the three stages stand: landed, processed, loaded, and how far behind."""

from dataclasses import dataclass
from datetime import datetime

from hedgehog_pipeline.aws.parameters import Parameters
from hedgehog_pipeline.lake.lake import Lake
from hedgehog_pipeline.monitoring.lag import seconds_behind
from hedgehog_pipeline.monitoring.quarantine import count_rows, quarantined_rows
from hedgehog_pipeline.storage.warehouse import Warehouse


@dataclass(frozen=True)
class Status:
    """Numbers of ingestion commits, each with all commits before it.

    Attributes:
        landed: the last commit of the ingestion log.
        processed: the last one that is processed.
        loaded: the last one that the warehouse holds.
        building: whether the archive is still on its way into the warehouse.
        seconds_behind: age of the oldest change that a scan has seen and the warehouse does not
            hold, 0 if none.
        in_quarantine: how many rows of the shop cannot be taken; None where the view is gone that
            tells it.
        reading_again: the tables that are read in full again beside the others.
    """

    landed: int
    processed: int
    loaded: int
    building: bool
    seconds_behind: float
    in_quarantine: int | None
    reading_again: tuple[str, ...]

    def __str__(self) -> str:
        """Write the line that people read."""
        if not self.landed:
            return "nothing has landed yet: run `hedgehog run`"
        lag = f"{self.seconds_behind:.0f} s behind" if self.seconds_behind else "up to date"
        building = " · building" if self.building else ""
        kept_out = f" · {quarantined_rows(self.in_quarantine)}" if self.in_quarantine != 0 else ""
        again = f" · reading again: {', '.join(self.reading_again)}" if self.reading_again else ""
        return (
            f"landed {self.landed} · processed {self.processed} · loaded {self.loaded}"
            f" · {lag}{building}{again}{kept_out}"
        )


def read_status(lake: Lake, warehouse: Warehouse, parameters: Parameters, now: datetime) -> Status:
    """Compare the logs and the warehouse.

    Args:
        lake: the two logs.
        warehouse: the warehouse, prepared or not.
        parameters: where scans are remembered.
        now: the moment, aware UTC.
    """
    head, last = lake.ingestion.head(), lake.processed.head()
    landed = head.number if head else 0
    again = tuple(name for name, base in head.base.items() if base.alone) if head else ()
    processed = last.complete_through if last else 0
    loaded = warehouse.loaded_through() if warehouse.is_prepared() else 0
    behind = seconds_behind(lake, warehouse, parameters, now)
    building, in_quarantine = warehouse.is_building(), count_rows(warehouse)
    return Status(landed, processed, loaded, building, behind, in_quarantine, again)
