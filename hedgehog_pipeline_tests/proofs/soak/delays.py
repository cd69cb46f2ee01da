"""The seconds from capture to load of each commit, and the commits that still wait."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import psycopg

from hedgehog_pipeline.lake.lake import Lake

_LOADED = """
    select number, loaded_at from hedgehog.commits
    where kind = 'processed' and not number = any(%s) order by loaded_at
"""


@dataclass(frozen=True)
class Delay:
    """The delay of a loaded commit.

    Attributes:
        captured_at: when its capture began, UTC.
        seconds: from then to its load.
    """

    captured_at: datetime
    seconds: float


class Delays:
    """Tracks the commits that land from now on, and those that wait at the start.

    Commits of the initial load have no delay: they wait for each other by design.
    """

    def __init__(self, lake: Lake, loaded: Callable[..., list[tuple[Any, ...]]]) -> None:
        """`loaded` queries the warehouse."""
        self._lake, self._ask = lake, loaded
        self._waiting: dict[int, datetime] = {}
        self._archive: set[int] = set()
        head = lake.processed.head()
        self._landed = head.complete_through if head else 0
        self._seen = set(range(1, head.number + 1)) if head else set[int]()

    def look(self) -> list[Delay]:
        """Return the delays of the commits that were loaded since the last call."""
        for commit in self._lake.ingestion.after(self._landed):
            self._landed = commit.number
            self._waiting[commit.number] = commit.captured_at
            if commit.kind == "archive":
                self._archive.add(commit.number)
        return [each for number, at in self._newly_loaded() for each in self._arrived(number, at)]

    def behind(self, now: datetime) -> float:
        """Return the age in seconds of the oldest waiting capture, 0 if none waits."""
        return max(((now - at).total_seconds() for at in self._waiting.values()), default=0.0)

    def _newly_loaded(self) -> list[tuple[int, datetime]]:
        try:
            found = self._ask(_LOADED, list(self._seen))
        except psycopg.errors.UndefinedTable:  # the first load creates the tables
            return []
        self._seen |= {number for number, _ in found}
        return [(number, at) for number, at in found]

    def _arrived(self, processed: int, at: datetime) -> list[Delay]:
        delays: list[Delay] = []
        for number, _ in self._lake.processed.read(processed).sources:
            captured_at = self._waiting.pop(number, None)
            if captured_at is not None and number not in self._archive:
                delays.append(Delay(captured_at, (at - captured_at).total_seconds()))
        return delays
