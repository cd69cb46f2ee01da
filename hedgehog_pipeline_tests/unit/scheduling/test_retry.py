"""The commits that are tried next, after failures."""

from datetime import date, datetime, timedelta, timezone

from hedgehog_pipeline.lake.commits import Commit
from hedgehog_pipeline.scheduling.retry import (
    MAX_ATTEMPTS,
    FailedRun,
    next_commits,
    pause_after,
    stuck_commits,
)

_NOW = datetime(2026, 6, 1, 9, tzinfo=timezone.utc)
_LONG_AGO = _NOW - timedelta(hours=1)


def _commits(*numbers: int, day: int = 1) -> list[Commit]:
    return [
        Commit(log="l", number=n, previous=None, batch=f"b{n}", date=date(2026, 6, day))
        for n in numbers
    ]


def _chosen(pending: list[Commit], *failures: FailedRun) -> list[int]:
    return [commit.number for commit in next_commits(pending, failures, _NOW)]


def test_commits_of_the_first_day_are_chosen_together() -> None:
    assert _chosen([*_commits(1, 2), *_commits(3, day=2)]) == [1, 2]


def test_commits_that_failed_together_are_tried_one_by_one() -> None:
    together = FailedRun((1, 2), _LONG_AGO)
    assert _chosen(_commits(1, 2, 3), together) == [1]
    assert _chosen(_commits(2, 3), together) == [2]
    assert _chosen(_commits(3, 4), together) == [3, 4]
    assert _chosen(_commits(1, 2), FailedRun((2,), _LONG_AGO)) == [1]


def test_a_commit_that_just_failed_waits_while_the_others_go_on() -> None:
    assert _chosen(_commits(1, 2), FailedRun((1,), _NOW)) == [2]
    assert _chosen(_commits(1), FailedRun((1,), _NOW)) == []
    assert _chosen(_commits(1, 2), FailedRun((1,), _NOW - pause_after(1))) == [1]


def test_pauses_grow_to_a_minute() -> None:
    assert [pause_after(n).total_seconds() for n in range(6)] == [0, 10, 20, 40, 60, 60]


def test_a_commit_that_failed_too_often_is_stuck_while_the_others_go_on() -> None:
    failures = [FailedRun((1,), _LONG_AGO)] * MAX_ATTEMPTS
    assert stuck_commits(failures) == {1}
    assert _chosen([*_commits(1), *_commits(2, day=2)], *failures) == [2]
