"""The commits that wait to be processed are one log's."""

import pytest

from hedgehog_pipeline.errors import AnotherLakeError
from hedgehog_pipeline.lake.commits import IngestionCommit, ProcessedCommit
from hedgehog_pipeline.lake.lake import Lake
from hedgehog_pipeline.lake.log import CommitLog
from hedgehog_pipeline.processing.backlog import pending_commits
from hedgehog_pipeline_tests.lake.making import MemoryS3, land, put_other_values


def test_a_commit_that_follows_another_one_than_stands_before_it_is_not_processed() -> None:
    s3 = MemoryS3()
    lake = Lake(
        CommitLog(s3.bucket(), IngestionCommit), CommitLog(MemoryS3().bucket(), ProcessedCommit)
    )
    for _ in range(3):
        land(lake.ingestion, {})
    assert len(pending_commits(lake, 100)) == 3
    put_other_values(s3, 2, batch="z")
    with pytest.raises(AnotherLakeError, match=r"Commit 3 .* where z stands before it"):
        pending_commits(lake, 100)
