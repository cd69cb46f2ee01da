"""What a watch found, judged: the last third of its time beside the first one when warm."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from math import nan
from statistics import median

from hedgehog_pipeline_tests.soak.busy import Happened
from hedgehog_pipeline_tests.soak.errors import is_of
from hedgehog_pipeline_tests.soak.programs import STAYING
from hedgehog_pipeline_tests.soak.watch import Look

SECONDS_TO_HEAL = 60
"""After a server was killed, in which its absence may be said."""

At = tuple[float, float]
"""A moment in seconds since the watch began, and a value."""


@dataclass(frozen=True)
class Thirds:
    """Medians of a value over the first and the last third of the time after warming up.

    Where nothing was seen it is no number, which holds nowhere.
    """

    first: float
    last: float

    @classmethod
    def of(cls, values: Iterable[At], *, warm: float, end: float) -> "Thirds":
        """Take values from `warm` until `end`, both in seconds since the watch began."""
        third = (end - warm) / 3
        known = list(values)
        first = [value for at, value in known if warm <= at < warm + third]
        last = [value for at, value in known if at >= end - third]
        return cls(*(median(values) if values else nan for values in (first, last)))

    def __str__(self) -> str:
        return f"{self.first:.1f} -> {self.last:.1f}"


Growth = Callable[[float], float]
"""The most that is allowed in the last third, by what was in the first."""


@dataclass(frozen=True)
class Figure:
    """A value that has to stay as it is.

    Attributes:
        name: of the value and its unit.
        thirds: its medians.
        most: the most that the last one may be.
    """

    name: str
    thirds: Thirds
    most: float

    @property
    def holds(self) -> bool:
        return self.thirds.last <= self.most

    def __str__(self) -> str:
        verdict = "" if self.holds else "  <- too much"
        return f"{self.name:<34}{self.thirds!s:>18}   (at most {self.most:.1f}){verdict}"


def figures(looks: Sequence[Look], changes: Sequence[At], *, warm: float) -> list[Figure]:
    """Judge connections, threads, memory and seconds.

    Args:
        looks: all of them; the last one tells the end.
        changes: the moment of each marked change and the seconds until it was in the warehouse.
        warm: seconds after which a program holds what it needs.
    """
    end = looks[-1].second
    seen = [look for look in looks if not look.blind]

    def figure(name: str, values: Iterable[At], growth: Growth) -> Figure:
        thirds = Thirds.of(values, warm=warm, end=end)
        return Figure(name, thirds, growth(thirds.first))

    found = [figure("connections", ((s.second, s.held.total) for s in seen), lambda n: n + 5)]
    for name in STAYING:
        programs = [(s.second, p) for s in seen if (p := s.held.staying.get(name))]
        found += [
            figure(f"threads of the {name}", ((at, p.threads) for at, p in programs), _few_more),
            figure(f"MiB of the {name}", ((at, p.mebibytes) for at, p in programs), _little_more),
        ]
    delays = ((s.second, each.seconds) for s in seen for each in s.delays)
    return [
        *found,
        figure("seconds from captured to loaded", delays, _not_slower),
        figure("seconds behind", ((s.second, s.behind) for s in seen), _not_slower),
        figure("seconds from shop to warehouse", changes, _not_slower),
    ]


def unexplained(looks: Iterable[Look], happened: Happened) -> list[str]:
    """Find the errors that no kill explains: of other runs, at other times.

    A traceback names no run, and lines of other programs may stand between it and its error.
    """
    return [
        line
        for look in looks
        if not _follows(look, happened.servers_killed)
        for line in (*look.errors, *([look.blind] if look.blind else []))
        if not is_of(line, happened.killed_runs)
        if not (line.startswith("Traceback") and _follows(look, happened.runs_killed))
    ]


def may_have_failed(looks: Iterable[Look], happened: Happened) -> set[str]:
    """Give the runs that were killed, or launched within a minute of the kill of a server."""
    return {*happened.killed_runs}.union(
        *(look.runs for look in looks if _is_near(look, happened.servers_killed))
    )


def _is_near(look: Look, kills: Iterable[float]) -> bool:
    return any(abs(look.second - at) <= SECONDS_TO_HEAL for at in kills)


def _follows(look: Look, kills: Iterable[float]) -> bool:
    return any(0 <= look.second - at <= SECONDS_TO_HEAL for at in kills)


def _few_more(threads: float) -> float:
    return threads + 5


def _little_more(mebibytes: float) -> float:
    return mebibytes * 1.15


def _not_slower(seconds: float) -> float:
    """Allow for what the rest of a machine of two cores does meanwhile."""
    return seconds * 1.5 + 2
