"""What a run of a stage is told: its day by the partition, its commits by a tag."""

import math
from collections.abc import Callable, Mapping, Sequence
from datetime import date

from hedgehog_pipeline.lake.commits import AnyCommit, Commit
from hedgehog_pipeline.lake.log import CommitLog

PIPELINE = "pipeline"
"""The job of all three stages in one run: what a change takes when nothing else is under way."""

COMMITS_TAG = "hedgehog/commits"
"""The commits that a run was launched for; absent where a person launched it."""

MOST_COMMITS = 100
"""How many commits one run takes, so that a long backlog is worked off in steps."""

MOST_ROWS = 1_000_000
"""How many rows one run takes, but for a larger commit, so that a rebuild is seen to move."""

_PENDING = "pending"


def tags_for(commits: Sequence[Commit]) -> dict[str, str]:
    """Give the tags of a run that is launched for these commits."""
    return {COMMITS_TAG: ",".join(str(commit.number) for commit in commits)} if commits else {}


PENDING_TAGS = {COMMITS_TAG: _PENDING}
"""The tags of a run whose stages each take what waits for them, the stage before included."""


def of_one_run(commits: Sequence[AnyCommit]) -> list[AnyCommit]:
    """Give the leading commits that one run takes: of one day, its partition, and not too large."""
    chosen: list[AnyCommit] = []
    rows = 0
    for commit in commits:
        rows += commit.rows
        if chosen and (commit.date != chosen[0].date or rows > MOST_ROWS):
            break
        chosen.append(commit)
    return chosen


def shared_out(commits: Sequence[AnyCommit], runs: int) -> list[list[AnyCommit]]:
    """Divide commits among runs at the same time: in order, evenly, and none needlessly small.

    Args:
        commits: of one day.
        runs: how many there may be.
    """
    share = max(MOST_ROWS, math.ceil(_rows(commits) / runs))
    groups: list[list[AnyCommit]] = []
    for commit in commits:
        if not groups or _rows(groups[-1]) >= share:
            groups.append([])
        groups[-1].append(commit)
    return groups


def _rows(commits: Sequence[Commit]) -> int:
    return sum(commit.rows for commit in commits)


def launched_by_platform(tags: Mapping[str, str]) -> bool:
    """Tell whether a sensor, a schedule or the command launched a run, not a person in the UI.

    Such a run works on whole commits, whatever it plans to materialise.
    """
    return COMMITS_TAG in tags


def numbers_in(tags: Mapping[str, str]) -> tuple[int, ...]:
    """Give the numbers of the commits that a run was launched for, if it names any."""
    text = tags.get(COMMITS_TAG, _PENDING)
    return () if text == _PENDING else tuple(map(int, text.split(",")))


def commits_of_run(
    tags: Mapping[str, str],
    day: date,
    log: CommitLog[AnyCommit],
    *,
    pending: Callable[[], Sequence[AnyCommit]],
    of_day: Callable[[], Sequence[AnyCommit]],
) -> list[AnyCommit]:
    """Give the commits that a run handles, in order.

    Args:
        tags: of the run.
        day: its partition.
        log: where commits are read by number.
        pending: reads those that wait; asked where the run takes what waits.
        of_day: reads all of the day; asked where a person launched the run, to replay it.
    """
    text = tags.get(COMMITS_TAG)
    if text is None:
        return list(of_day())
    if text == _PENDING:
        return [commit for commit in pending() if commit.date == day]
    return [log.read(number) for number in numbers_in(tags)]
