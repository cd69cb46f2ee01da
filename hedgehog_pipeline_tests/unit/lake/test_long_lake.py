"""A lake of ten thousand commits needs about as many requests as one of ten."""

from collections.abc import Callable

import pytest

from hedgehog_pipeline.lake.commits import IngestionCommit, ProcessedCommit
from hedgehog_pipeline.lake.lake import Lake
from hedgehog_pipeline.lake.log import CommitLog, commit_key
from hedgehog_pipeline.processing.backlog import pending_commits
from hedgehog_pipeline_tests.support.demo_model import SOURCE
from hedgehog_pipeline_tests.support.lake_making import MemoryS3, land, processed_commit

_CURRENCY = (
    b"currency_id,currency_code,created_at,last_updated\n"
    b"1,GBP,2026-06-01 09:30:00,2026-06-01 09:30:00\n"
)
_BETWEEN = 50
"""Number of commits from one that lands a currency to the next."""


class _Counted:
    """A lake whose commits are all processed, and a counter of its requests."""

    def __init__(self, commits: int) -> None:
        self.buckets = (ingestion, processed) = (MemoryS3(), MemoryS3())
        log = CommitLog(ingestion.bucket(), IngestionCommit)
        head = land(log, {"currency": _CURRENCY})
        for number in range(2, commits + 1):
            if number % _BETWEEN == 0 or number == commits:
                head = land(log, {"currency": _CURRENCY})
                continue
            update = {"number": number, "batch": f"b{number}", "previous": head.batch, "parts": ()}
            head = head.model_copy(update=update)
            ingestion.objects[commit_key(number)] = head.model_dump_json().encode()
        for number in range(1, commits + 1):
            previous = f"p{number - 1}" if number > 1 else None
            commit = processed_commit(number, f"p{number}", previous=previous).model_copy(
                update={"source_log": head.log, "sources": ((commits, head.batch),)}
            )
            processed.objects[commit_key(number)] = commit.model_dump_json().encode()
        self.commits = commits

    def lake(self) -> Lake:
        """Return the lake as a new process sees it."""
        ingestion, processed = self.buckets
        return Lake(
            CommitLog(ingestion.bucket(), IngestionCommit),
            CommitLog(processed.bucket(), ProcessedCommit),
        )

    def requests(self, call: Callable[[], object]) -> int:
        """Count the GET, HEAD and list requests of a call."""
        before = self._total()
        call()
        return self._total() - before

    def _total(self) -> int:
        return sum(
            len(bucket.read) + len(bucket.looked_for) + len(bucket.listed)
            for bucket in self.buckets
        )


@pytest.fixture(scope="module")
def few() -> _Counted:
    return _Counted(10)


@pytest.fixture(scope="module")
def many() -> _Counted:
    return _Counted(10_000)


def test_a_tick_needs_no_more_requests(few: _Counted, many: _Counted) -> None:
    first: list[int] = []
    later: list[int] = []
    for counted in (few, many):
        lake = counted.lake()
        first.append(
            counted.requests(lambda lake=lake: pending_commits(lake, lake.confirm_source(), 100))
        )
        later.append(
            counted.requests(lambda lake=lake: pending_commits(lake, lake.confirm_source(), 100))
        )
    assert later[0] == later[1] < 8
    assert first[1] - first[0] < 50  # two ends, found by doubling and bisecting


def test_counting_the_backlog_needs_no_more_requests(few: _Counted, many: _Counted) -> None:
    assert many.requests(many.lake().unprocessed) - few.requests(few.lake().unprocessed) < 50


def test_a_joined_dimension_needs_no_more_requests(few: _Counted, many: _Counted) -> None:
    landed = many.lake().landed(SOURCE["currency"])
    landed.write_checkpoint(landed.history(many.commits), many.commits - 1)
    of_many = many.requests(lambda: landed.history(many.commits, since=many.commits))
    landed = few.lake().landed(SOURCE["currency"])
    of_few = few.requests(lambda: landed.history(few.commits, since=few.commits))
    assert of_many - of_few < 5
