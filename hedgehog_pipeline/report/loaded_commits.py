"""What the warehouse holds, by its commits: by that a report is known to be of today's."""

from dataclasses import dataclass

from hedgehog_pipeline.storage.warehouse import Warehouse

_HELD = """
    select number, batch, count(*) over () from hedgehog.commits order by number desc limit 1
"""


@dataclass(frozen=True)
class LoadedCommits:
    """The processed commits that a warehouse holds.

    Attributes:
        number: the last one.
        batch: id of its batch, which no other lake has.
        count: how many there are: one that came late changes this alone.
    """

    number: int
    batch: str
    count: int

    @property
    def mark(self) -> str:
        """What tells these commits from others."""
        return f"{self.number}/{self.batch}/{self.count}"


def read_loaded(warehouse: Warehouse) -> LoadedCommits | None:
    """Read which commits a warehouse holds, None where it holds none."""
    found = warehouse.connection.execute(_HELD).fetchone() if warehouse.is_prepared() else None
    return LoadedCommits(*found) if found else None
