"""The backlog: ingestion commits that are not yet processed."""

from collections.abc import Collection, Iterable, Sequence
from itertools import chain, islice

from hedgehog_pipeline.lake.commits import IngestionCommit, ProcessedCommit
from hedgehog_pipeline.lake.lake import Lake


def pending_commits(
    lake: Lake, head: ProcessedCommit | None, most: int, without: Collection[int] = ()
) -> list[IngestionCommit]:
    """Read the oldest ingestion commits that are not yet processed.

    Args:
        head: the last processed commit, which `Lake.confirm_source` returns.
        most: the maximum number of commits to read.
        without: numbers of commits to skip; they do not count towards `most`.
    """
    gaps, through = (head.gaps, head.through) if head else ((), 0)
    numbers = chain(gaps, range(through + 1, lake.ingestion.end() + 1))
    pending = (number for number in numbers if number not in without)
    return list(lake.ingestion.linked(map(lake.ingestion.read, islice(pending, most))))


def advanced(head: ProcessedCommit | None, done: Iterable[int]) -> tuple[int, tuple[int, ...]]:
    """Return `through` and `gaps` after these ingestion commits are processed as well."""
    done = set(done)
    through, gaps = (head.through, head.gaps) if head else (0, ())
    reached = max([through, *done])
    return reached, tuple(sorted({*gaps, *range(through + 1, reached + 1)} - done))


def sources_of(commits: Sequence[IngestionCommit]) -> tuple[tuple[int, str], ...]:
    """Return the number and batch id of each ingestion commit."""
    return tuple((commit.number, commit.batch) for commit in commits)
