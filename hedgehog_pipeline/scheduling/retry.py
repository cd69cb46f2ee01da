"""Which commits to try next, from how earlier tries ended.

A commit that failed within a group is tried alone, so that it cannot hold the others up. Alone it
is tried a bounded number of times with growing pauses; then it is stuck, which is alerted, and
the rest goes on.
"""

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from hedgehog_pipeline.lake.commits import AnyCommit

MAX_ATTEMPTS = 5
"""How often a commit is tried alone."""

_FIRST_PAUSE = timedelta(seconds=10)
_MAX_PAUSE = timedelta(minutes=1)


@dataclass(frozen=True)
class FailedRun:
    """A run that failed or died.

    Attributes:
        commits: the numbers of the commits that it was launched for.
        at: when it was last heard of, aware UTC.
    """

    commits: tuple[int, ...]
    at: datetime


def pause_after(failures: int) -> timedelta:
    """Give how long to wait after so many failures in a row: doubling, up to a minute."""
    return min(_FIRST_PAUSE * 2 ** (failures - 1), _MAX_PAUSE) if failures else timedelta(0)


def stuck_commits(failures: Collection[FailedRun]) -> set[int]:
    """Give the commits that were tried alone as often as any commit is."""
    return {number for number, tried in _tried_alone(failures).items() if tried >= MAX_ATTEMPTS}


def next_commits(
    pending: Sequence[AnyCommit], failures: Collection[FailedRun], now: datetime
) -> list[AnyCommit]:
    """Choose what the next run takes: commits of one day that never failed, or one that did.

    Args:
        pending: the commits that wait, in order.
        failures: of earlier runs.
        now: the moment, aware UTC.
    """
    tried = _tried_alone(failures)
    latest = {n: max(f.at for f in failures if n in f.commits) for f in failures for n in f.commits}
    stuck = stuck_commits(failures)
    chosen: list[AnyCommit] = []
    for commit in pending:
        number = commit.number
        if number in stuck:
            continue
        if number in latest:
            if now < latest[number] + pause_after(tried[number]):
                continue
            if not chosen:
                return [commit]
            break
        if chosen and commit.date != chosen[0].date:
            break
        chosen.append(commit)
    return chosen


def _tried_alone(failures: Collection[FailedRun]) -> Counter[int]:
    return Counter(failure.commits[0] for failure in failures if len(failure.commits) == 1)
