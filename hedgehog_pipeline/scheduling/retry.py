"""Choose the commits to try next, from how earlier attempts ended.

A commit that failed within a group is tried alone, so that it cannot block the others. Alone it is
tried a limited number of times, with growing pauses. Then it is stuck: an alert is sent, and the
other commits go on.
"""

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from hedgehog_pipeline.lake.commits import AnyCommit

MAX_ATTEMPTS = 5
"""How many times a commit is tried alone."""

_FIRST_PAUSE = timedelta(seconds=10)
_MAX_PAUSE = timedelta(minutes=1)


@dataclass(frozen=True)
class FailedRun:
    """A run that failed or died.

    Attributes:
        commits: the numbers of the commits that it was launched for.
        at: time of its last update, aware UTC.
    """

    commits: tuple[int, ...]
    at: datetime


def pause_after(failures: int) -> timedelta:
    """Return how long to wait after so many failures in a row: doubling, up to a minute."""
    return min(_FIRST_PAUSE * 2 ** (failures - 1), _MAX_PAUSE) if failures else timedelta(0)


def stuck_commits(failures: Collection[FailedRun]) -> set[int]:
    """Return the commits that have used up all their attempts."""
    return {
        number for number, attempts in _attempts_alone(failures).items() if attempts >= MAX_ATTEMPTS
    }


def next_commits(
    pending: Sequence[AnyCommit], failures: Collection[FailedRun], now: datetime
) -> list[AnyCommit]:
    """Choose the commits of the next run: those of one day that never failed, or one that did.

    Args:
        pending: the pending commits, in order.
        failures: the failed runs of the stage.
        now: current time, aware UTC.
    """
    attempts = _attempts_alone(failures)
    latest = {n: max(f.at for f in failures if n in f.commits) for f in failures for n in f.commits}
    stuck = stuck_commits(failures)
    chosen: list[AnyCommit] = []
    for commit in pending:
        number = commit.number
        if number in stuck:
            continue
        if number in latest:
            if now < latest[number] + pause_after(attempts[number]):
                continue
            if not chosen:
                return [commit]
            break
        if chosen and commit.date != chosen[0].date:
            break
        chosen.append(commit)
    return chosen


def _attempts_alone(failures: Collection[FailedRun]) -> Counter[int]:
    return Counter(failure.commits[0] for failure in failures if len(failure.commits) == 1)
