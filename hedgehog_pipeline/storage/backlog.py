"""The backlog of the storage stage: processed commits that are not loaded yet."""

from collections.abc import Collection, Iterable
from datetime import date
from itertools import islice

from hedgehog_pipeline.lake.commits import ProcessedCommit
from hedgehog_pipeline.lake.lake import Lake
from hedgehog_pipeline.storage.warehouse import Warehouse


def pending_commits(
    lake: Lake, warehouse: Warehouse, most: int, without: Collection[int] = ()
) -> list[ProcessedCommit]:
    """Read the oldest processed commits that are not loaded.

    Args:
        lake: the two logs.
        warehouse: the warehouse, prepared or not, which `confirm_loaded` has checked.
        most: how many commits to read at most.
        without: numbers of commits to leave out; they do not count towards `most`.
    """
    pending = (number for number in _not_loaded(lake, warehouse) if number not in without)
    return list(lake.processed.linked(map(lake.processed.read, islice(pending, most))))


def commits_of_day(lake: Lake, warehouse: Warehouse, day: date) -> list[ProcessedCommit]:
    """Read every processed commit of a day, loaded or not, in order."""
    numbers = set(warehouse.loaded_on(day)) if warehouse.is_prepared() else set[int]()
    not_loaded = lake.processed.linked(map(lake.processed.read, _not_loaded(lake, warehouse)))
    pending = [commit for commit in not_loaded if commit.date == day]
    return sorted(
        [*pending, *(lake.processed.read(number) for number in numbers)], key=lambda c: c.number
    )


def confirm_loaded(lake: Lake, warehouse: Warehouse) -> bool:
    """Check that the loaded commits belong to the processed log; return whether there are any.

    Raises:
        LakeMismatchError: where the processed log is another one, or shorter than it was.
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


def _not_loaded(lake: Lake, warehouse: Warehouse) -> Iterable[int]:
    end = lake.processed.end()
    return warehouse.missing(end) if warehouse.is_prepared() else range(1, end + 1)
