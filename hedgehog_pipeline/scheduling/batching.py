"""Choose the commits of one run: its partition is their day, its tags say the rest."""

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
"""The job that runs all three stages."""

EXTRACTION = "extraction"
"""The job that runs extraction only."""

MAX_COMMITS = 100
"""Most commits of one run, so that a long backlog is processed in steps."""

MAX_ROWS = 1_000_000
"""Most rows of one run, unless a single commit is larger, so that a rebuild shows progress."""


def first_run(commits: Sequence[AnyCommit]) -> list[AnyCommit]:
    """Return the leading commits for one run: all of one day, and within the size limits."""
    chosen: list[AnyCommit] = []
    rows = 0
    for commit in commits:
        rows += commit.rows
        if chosen and (commit.date != chosen[0].date or rows > MAX_ROWS):
            break
        chosen.append(commit)
    return chosen


def split_among_runs(commits: Sequence[AnyCommit], runs: int) -> list[list[AnyCommit]]:
    """Divide commits among parallel runs: in order, evenly, and in no needlessly small shares.

    Args:
        commits: of one day.
        runs: how many runs at most.
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


def pending_of_day(pending: Sequence[AnyCommit], day: date) -> list[AnyCommit]:
    """Return the pending commits that one run takes: those of its day, within the size limits.

    Args:
        pending: the pending commits of a stage, without those that the run leaves out.
        day: the partition of the run.
    """
    return first_run([commit for commit in pending if commit.date == day])


def commits_of_run(  # noqa: PLR0913 (everything they follow from)
    tags: Mapping[str, str],
    stage: str,
    day: date,
    log: CommitLog[AnyCommit],
    *,
    pending: Callable[[Collection[int]], Sequence[AnyCommit]],
    of_day: Callable[[], Sequence[AnyCommit]],
) -> list[AnyCommit]:
    """Return the commits that a stage of a run handles, in order.

    Args:
        tags: of the run.
        stage: processing or storage.
        day: the partition of the run.
        log: the log that the stage reads.
        pending: reads the pending commits except some numbers; called if the run takes these.
        of_day: reads all commits of the day; called if a person launched the run, to replay it.
    """
    if COMMITS_TAG not in tags:
        return list(of_day())
    if is_pending_run(tags):
        return pending_of_day(pending(left_out_in(tags, stage)), day)
    return list(log.linked(map(log.read, numbers_in(tags))))
