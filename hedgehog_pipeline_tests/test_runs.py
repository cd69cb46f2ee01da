"""What one run takes of the commits that wait."""

from datetime import timedelta

from hedgehog_pipeline.lake.commits import Part, ProcessedCommit
from hedgehog_pipeline.runs import MOST_ROWS, of_one_run
from hedgehog_pipeline_tests.lake.making import DAY, processed_commit


def _commit(number: int, rows: int, days: int = 0) -> ProcessedCommit:
    part = Part(asset="star/fact_payment", key="key", rows=rows, bytes=1, columns=())
    commit = processed_commit(number, f"batch-{number}", DAY + timedelta(days))
    return commit.model_copy(update={"parts": (part,)})


def _numbers(*commits: ProcessedCommit) -> list[int]:
    return [commit.number for commit in of_one_run(commits)]


def test_a_run_takes_commits_of_one_day() -> None:
    assert _numbers() == []
    assert _numbers(_commit(1, 5), _commit(2, 5), _commit(3, 5, days=1), _commit(4, 5)) == [1, 2]


def test_a_run_takes_no_more_than_so_many_rows_or_one_commit() -> None:
    half = MOST_ROWS // 2
    assert _numbers(_commit(1, half), _commit(2, half), _commit(3, 1)) == [1, 2]
    assert _numbers(_commit(1, MOST_ROWS + 1), _commit(2, 1)) == [1]
