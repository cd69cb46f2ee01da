"""How far the three stages are: landed, processed, loaded, and seconds behind the source."""

from dataclasses import dataclass
from datetime import datetime

from hedgehog_pipeline.aws.parameters import Parameters
from hedgehog_pipeline.lake.lake import Lake
from hedgehog_pipeline.monitoring.lag import seconds_behind
from hedgehog_pipeline.monitoring.quarantine import count_rows, quarantined_rows
from hedgehog_pipeline.storage.warehouse import Warehouse


@dataclass(frozen=True)
class Status:
    """Progress of the stages, in numbers of ingestion commits; each includes all before it.

    Attributes:
        landed: the last commit of the ingestion log.
        processed: the last commit that is processed together with all before it.
        loaded: the last commit that is loaded together with all before it.
        building: whether the initial load of the warehouse is in progress.
        seconds_behind: age of the oldest change that a scan has seen and that is not loaded, 0 if
            there is none.
        in_quarantine: how many source rows are in quarantine; None where the view of open entries
            is missing.
        reading_again: the tables in a full refresh, while the others are captured as usual.
    """

    landed: int
    processed: int
    loaded: int
    building: bool
    seconds_behind: float
    in_quarantine: int | None
    reading_again: tuple[str, ...]

    def __str__(self) -> str:
        """Write the status on one line, for people."""
        if not self.landed:
            return "nothing has landed yet: run `hedgehog run`"
        lag = f"{self.seconds_behind:.0f} s behind" if self.seconds_behind else "up to date"
        building = " · building" if self.building else ""
        rejected = f" · {quarantined_rows(self.in_quarantine)}" if self.in_quarantine != 0 else ""
        again = f" · reading again: {', '.join(self.reading_again)}" if self.reading_again else ""
        return (
            f"landed {self.landed} · processed {self.processed} · loaded {self.loaded}"
            f" · {lag}{building}{again}{rejected}"
        )


def read_status(lake: Lake, warehouse: Warehouse, parameters: Parameters, now: datetime) -> Status:
    """Read the status from the logs and the warehouse.

    Args:
        lake: the two logs, which the caller has checked.
        warehouse: the warehouse, prepared or not, which the caller has checked.
        parameters: where the time of the scan is stored.
        now: the current time, aware UTC.
    """
    head, last = lake.ingestion.head(), lake.processed.head()
    landed = head.number if head else 0
    watermarks = head.base if head else {}
    again = tuple(name for name, watermark in watermarks.items() if watermark.alone)
    processed = last.complete_through if last else 0
    loaded = warehouse.loaded_through() if warehouse.is_prepared() else 0
    behind = seconds_behind(lake, warehouse, parameters, now)
    building, in_quarantine = warehouse.is_building(), count_rows(warehouse)
    return Status(landed, processed, loaded, building, behind, in_quarantine, again)
