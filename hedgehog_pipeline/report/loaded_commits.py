"""The processed commits in the warehouse; they show whether a report is up to date."""

from dataclasses import dataclass

from hedgehog_pipeline.storage.warehouse import Warehouse

_LOADED = """
    select number, batch, count(*) over () from hedgehog.commits order by number desc limit 1
"""


@dataclass(frozen=True)
class LoadedCommits:
    """The processed commits that are loaded into a warehouse.

    Attributes:
        number: of the last commit.
        batch: the batch id of the last commit, which differs between lakes.
        count: the number of commits; it also changes when a commit is loaded out of order.
    """

    number: int
    batch: str
    count: int

    @property
    def fingerprint(self) -> str:
        """A text that is different for any other set of commits."""
        return f"{self.number}/{self.batch}/{self.count}"


def read_loaded(warehouse: Warehouse) -> LoadedCommits | None:
    """Read which commits are loaded, None if there are none."""
    found = warehouse.connection.execute(_LOADED).fetchone() if warehouse.is_prepared() else None
    return LoadedCommits(*found) if found else None
