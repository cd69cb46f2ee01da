"""Which processed commits wait to be loaded."""

from collections.abc import Iterator
from datetime import date
from itertools import islice

from hedgehog_pipeline.lake.commits import ProcessedCommit
from hedgehog_pipeline.lake.lake import Lake
from hedgehog_pipeline.storage.warehouse import Warehouse


def pending_commits(lake: Lake, warehouse: Warehouse, most: int) -> list[ProcessedCommit]:
    """Read the oldest processed commits that are not loaded.

    Raises:
        HedgehogError: where the processed bucket is not the one that was loaded.
    """
    return list(islice(_not_loaded(lake, warehouse), most))


def commits_of_day(lake: Lake, warehouse: Warehouse, day: date) -> list[ProcessedCommit]:
    """Read every processed commit of a day, loaded or not, in order."""
    numbers = set(warehouse.loaded_on(day)) if warehouse.is_prepared() else set[int]()
    waiting = [commit for commit in _not_loaded(lake, warehouse) if commit.date == day]
    return sorted(
        [*waiting, *(lake.processed.read(number) for number in numbers)], key=lambda c: c.number
    )


def confirm_loaded(lake: Lake, warehouse: Warehouse) -> bool:
    """See that what is loaded came from the processed log; tell whether anything is.

    Raises:
        HedgehogError: where the processed log is another one, or shorter than it was.
    """
    last = warehouse.last_loaded()
    if last is not None:
        lake.processed.confirm(
            last,
            by="The warehouse",
            remedy="name an empty database in the warehouse's secret and run `hedgehog rebuild`, "
            "which fills it from the lake, then `hedgehog run`.",
        )
    return last is not None


def _not_loaded(lake: Lake, warehouse: Warehouse) -> Iterator[ProcessedCommit]:
    loaded = confirm_loaded(lake, warehouse)
    end = lake.processed.end()
    missing = warehouse.missing(end) if loaded else range(1, end + 1)
    return (lake.processed.read(number) for number in missing)
