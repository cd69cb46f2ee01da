"""The commits that wait to be loaded are one log's."""

from typing import Any

import pytest

from hedgehog_pipeline.errors import AnotherLakeError
from hedgehog_pipeline.lake.commits import IngestionCommit
from hedgehog_pipeline.lake.lake import Lake
from hedgehog_pipeline.lake.log import CommitLog
from hedgehog_pipeline.storage.backlog import commits_of_day, pending_commits
from hedgehog_pipeline_tests.lake.making import DAY, MemoryS3, put_other_values, put_processed


class _Empty:
    """A warehouse that nothing was loaded into."""

    def is_prepared(self) -> bool:
        return False

    def last_loaded(self) -> None:
        return None


def test_a_commit_that_follows_another_one_than_stands_before_it_is_not_loaded() -> None:
    s3 = MemoryS3()
    lake = Lake(CommitLog(MemoryS3().bucket(), IngestionCommit), put_processed(s3, 3))
    warehouse: Any = _Empty()
    assert len(pending_commits(lake, warehouse, 100)) == 3
    put_other_values(s3, 2, batch="z")
    for read in (
        lambda: pending_commits(lake, warehouse, 100),
        lambda: commits_of_day(lake, warehouse, DAY),
    ):
        with pytest.raises(AnotherLakeError, match=r"Commit 3 .* where z stands before it"):
            read()
