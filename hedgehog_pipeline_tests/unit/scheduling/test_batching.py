"""The pending commits that one run takes."""

from datetime import timedelta

import pytest

from hedgehog_pipeline.errors import LakeMismatchError
from hedgehog_pipeline.lake.commits import Part, ProcessedCommit
from hedgehog_pipeline.scheduling.batching import (
    MAX_ROWS,
    commits_of_run,
    first_run,
    split_among_runs,
)
from hedgehog_pipeline.scheduling.run_tags import tags_for
from hedgehog_pipeline_tests.support.lake_making import (
    DAY,
    MemoryS3,
    processed_commit,
    put_other_values,
    put_processed,
)


def _commit(number: int, rows: int, days: int = 0) -> ProcessedCommit:
    part = Part(asset="star/fact_payment", key="key", rows=rows, bytes=1, columns=())
    commit = processed_commit(number, f"batch-{number}", DAY + timedelta(days))
    return commit.model_copy(update={"parts": (part,)})


def _numbers(*commits: ProcessedCommit) -> list[int]:
    return [commit.number for commit in first_run(commits)]


def test_a_run_takes_commits_of_one_day() -> None:
    assert _numbers() == []
    assert _numbers(_commit(1, 5), _commit(2, 5), _commit(3, 5, days=1), _commit(4, 5)) == [1, 2]


def test_a_run_takes_at_most_the_row_limit_or_one_larger_commit() -> None:
    half = MAX_ROWS // 2
    assert _numbers(_commit(1, half), _commit(2, half), _commit(3, 1)) == [1, 2]
    assert _numbers(_commit(1, MAX_ROWS + 1), _commit(2, 1)) == [1]


def test_parallel_runs_share_commits_evenly_and_in_order() -> None:
    large = [_commit(number, MAX_ROWS) for number in range(1, 8)]
    shares = [[commit.number for commit in share] for share in split_among_runs(large, 3)]
    assert shares == [[1, 2, 3], [4, 5, 6], [7]]


def test_few_rows_are_not_divided() -> None:
    assert len(split_among_runs([_commit(1, 5), _commit(2, 5)], 4)) == 1
    assert split_among_runs([], 4) == []


def test_a_run_refuses_a_commit_whose_predecessor_is_another_commit() -> None:
    s3 = MemoryS3()
    log = put_processed(s3, 3)
    tags = tags_for([log.read(3)])
    put_other_values(s3, 2, batch="z")
    with pytest.raises(LakeMismatchError, match=r"Commit 3 .* the batch before it is z"):
        commits_of_run(tags, "storage", DAY, log, pending=lambda _: [], of_day=list)
