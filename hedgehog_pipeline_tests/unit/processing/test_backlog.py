"""The backlog of commits to process belongs to one log."""

import pytest

from hedgehog_pipeline.errors import LakeMismatchError
from hedgehog_pipeline.lake.commits import IngestionCommit, ProcessedCommit
from hedgehog_pipeline.lake.lake import Lake
from hedgehog_pipeline.lake.log import CommitLog
from hedgehog_pipeline.processing.backlog import pending_commits
from hedgehog_pipeline_tests.support.lake_making import MemoryS3, land, put_other_values


def test_a_commit_that_does_not_follow_the_one_before_it_is_not_processed() -> None:
    s3 = MemoryS3()
    lake = Lake(
        CommitLog(s3.bucket(), IngestionCommit), CommitLog(MemoryS3().bucket(), ProcessedCommit)
    )
    for _ in range(3):
        land(lake.ingestion, {})
    assert len(pending_commits(lake, None, 100)) == 3
    put_other_values(s3, 2, batch="z")
    with pytest.raises(LakeMismatchError, match=r"Commit 3 .* the batch before it is z"):
        pending_commits(lake, None, 100)
