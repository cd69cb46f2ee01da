"""A star table is read of one log alone."""

import pytest

from hedgehog_pipeline.errors import AnotherLakeError
from hedgehog_pipeline.lake.star_rows import read_rows
from hedgehog_pipeline.model.star import STAR
from hedgehog_pipeline_tests.lake.making import MemoryS3, put_other_values, put_processed


def test_rows_are_read_of_no_commit_that_follows_another_one_than_stands_before_it() -> None:
    s3 = MemoryS3()
    log = put_processed(s3, 3)
    put_other_values(s3, 2, batch="z")
    with pytest.raises(AnotherLakeError, match=r"Commit 3 .* where z stands before it"):
        read_rows(log, STAR["fact_payment"], None)
