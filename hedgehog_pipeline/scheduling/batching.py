"""Which commits one run takes: its day is the partition, its tags say the rest."""

import math
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import date

from hedgehog_pipeline.lake.commits import AnyCommit, Commit
from hedgehog_pipeline.lake.log import CommitLog
from hedgehog_pipeline.scheduling.run_tags import (
    COMMITS_TAG,
    is_pending_run,
    left_out_in,
    numbers_in,
)

PIPELINE = "pipeline"
"""The job of all three stages in one run: what a change takes."""

EXTRACTION = "extraction"
"""The job of extraction alone."""

MAX_COMMITS = 100
"""How many commits one run takes, so that a long backlog is worked off in steps."""

MAX_ROWS = 1_000_000
"""How many rows one run takes, but for a larger commit, so that a rebuild is seen to move."""


def of_one_run(commits: Sequence[AnyCommit]) -> list[AnyCommit]:
    """Give the leading commits that one run takes: of one day, its partition, and not too large."""
    chosen: list[AnyCommit] = []
    rows = 0
    for commit in commits:
        rows += commit.rows
        if chosen and (commit.date != chosen[0].date or rows > MAX_ROWS):
            break
        chosen.append(commit)
    return chosen


def shared_out(commits: Sequence[AnyCommit], runs: int) -> list[list[AnyCommit]]:
    """Divide commits among runs at the same time: in order, evenly, and none needlessly small.

    Args:
        commits: of one day.
        runs: how many there may be.
    """
    share = max(MAX_ROWS, math.ceil(_rows(commits) / runs))
    groups: list[list[AnyCommit]] = []
    for commit in commits:
        if not groups or _rows(groups[-1]) >= share:
            groups.append([])
        groups[-1].append(commit)
    return groups


def _rows(commits: Sequence[Commit]) -> int:
    return sum(commit.rows for commit in commits)


def taken_of_pending(pending: Sequence[AnyCommit], day: date) -> list[AnyCommit]:
    """Give what one run takes of the commits that wait for a stage, and that it is not to leave.

    Args:
        pending: the commits that wait.
        day: the partition of the run.
    """
    return of_one_run([commit for commit in pending if commit.date == day])


def commits_of_run(  # noqa: PLR0913 (all that tells it)
    tags: Mapping[str, str],
    stage: str,
    day: date,
    log: CommitLog[AnyCommit],
    *,
    pending: Callable[[Collection[int]], Sequence[AnyCommit]],
    of_day: Callable[[], Sequence[AnyCommit]],
) -> list[AnyCommit]:
    """Give the commits that a stage of a run handles, in order.

    Args:
        tags: of the run.
        stage: processing or storage.
        day: its partition.
        log: where commits are read by number.
        pending: reads those that wait, but for some numbers; asked where the run takes what waits.
        of_day: reads all of the day; asked where a person launched the run, to replay it.
    """
    if COMMITS_TAG not in tags:
        return list(of_day())
    if is_pending_run(tags):
        return taken_of_pending(pending(left_out_in(tags, stage)), day)
    return list(log.linked(map(log.read, numbers_in(tags))))
