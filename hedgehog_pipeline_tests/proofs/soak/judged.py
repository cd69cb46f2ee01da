"""The verdict on a watch: the last third of the time after warm-up is compared with the first."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from math import nan
from statistics import median

from hedgehog_pipeline_tests.proofs.soak.busy import Happened
from hedgehog_pipeline_tests.proofs.soak.errors import is_of
from hedgehog_pipeline_tests.proofs.soak.programs import STAYING
from hedgehog_pipeline_tests.proofs.soak.watch import Look

SECONDS_TO_HEAL = 60
"""After the kill of a server, errors about it are expected for so long."""

At = tuple[float, float]
"""Seconds since the watch began, and a value."""


Summary = Callable[[Sequence[float]], float]
"""Returns one value for many."""


@dataclass(frozen=True)
class Thirds:
    """A value over the first and the last third of the time after warming up.

    Attributes:
        first: the median of the first third, or its maximum; NaN without values, which never holds.
        last: the median of the last third.
    """

    first: float
    last: float

    @classmethod
    def of(
        cls, values: Iterable[At], *, warm: float, end: float, of_first: Summary = median
    ) -> "Thirds":
        """Compute both from `warm` to `end`, in seconds since the watch began."""
        third = (end - warm) / 3
        known = list(values)
        first = [value for at, value in known if warm <= at < warm + third]
        last = [value for at, value in known if at >= end - third]
        return cls(of_first(first) if first else nan, median(last) if last else nan)

    def __str__(self) -> str:
        return f"{self.first:.1f} -> {self.last:.1f}"


Growth = Callable[[float], float]
"""Returns the maximum for the last third, from the value of the first."""


@dataclass(frozen=True)
class Figure:
    """A value that must not grow.

    Attributes:
        name: the value and its unit.
        thirds: what it was.
        most: the maximum for the last third.
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

    Threads are compared with the most of the first third: gRPC keeps six threads of its own in the
    daemon while a channel is open, and a leak adds some in each minute.

    Args:
        looks: all of them; the last one is the end.
        changes: the time of each measured change and its latency in seconds.
        warm: the seconds of the warm-up.
    """
    end = looks[-1].second
    seen = [look for look in looks if not look.blind]

    def figure(
        name: str, values: Iterable[At], growth: Growth, of_first: Summary = median
    ) -> Figure:
        thirds = Thirds.of(values, warm=warm, end=end, of_first=of_first)
        return Figure(name, thirds, growth(thirds.first))

    found = [figure("connections", ((s.second, s.usage.total) for s in seen), lambda n: n + 5)]
    for name in STAYING:
        programs = [(s.second, p) for s in seen if (p := s.usage.staying.get(name))]
        found += [
            figure(
                f"threads of the {name}", ((at, p.threads) for at, p in programs), _few_more, max
            ),
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
    """Return the errors that no kill explains: of other runs, at other times.

    A traceback has no run id, and lines of other programs may come between it and its error.
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
    """Return the runs that were killed, or launched within a minute of the kill of a server."""
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
    """Allow for other load on a machine of two cores."""
    return seconds * 1.5 + 2
