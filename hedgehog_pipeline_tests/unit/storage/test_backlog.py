"""Pending commits belong to one log."""

from typing import Any

import pytest

from hedgehog_pipeline.errors import LakeMismatchError
from hedgehog_pipeline.lake.commits import IngestionCommit
from hedgehog_pipeline.lake.lake import Lake
from hedgehog_pipeline.lake.log import CommitLog
from hedgehog_pipeline.storage.backlog import commits_of_day, pending_commits
from hedgehog_pipeline_tests.support.lake_making import (
    DAY,
    MemoryS3,
    put_other_values,
    put_processed,
)


class _Empty:
    """A warehouse without any load."""

    def is_prepared(self) -> bool:
        return False

    def last_loaded(self) -> None:
        return None


def test_a_commit_whose_predecessor_was_replaced_is_not_loaded() -> None:
    s3 = MemoryS3()
    lake = Lake(CommitLog(MemoryS3().bucket(), IngestionCommit), put_processed(s3, 3))
    warehouse: Any = _Empty()
    assert len(pending_commits(lake, warehouse, 100)) == 3
    put_other_values(s3, 2, batch="z")
    for read in (
        lambda: pending_commits(lake, warehouse, 100),
        lambda: commits_of_day(lake, warehouse, DAY),
    ):
        with pytest.raises(LakeMismatchError, match=r"Commit 3 .* the batch before it is z"):
            read()
