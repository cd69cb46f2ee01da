"""A star table is read from one log only."""

import pytest

from hedgehog_pipeline.errors import LakeMismatchError
from hedgehog_pipeline.lake.star_rows import read_rows
from hedgehog_pipeline_tests.support.demo_model import STAR
from hedgehog_pipeline_tests.support.lake_making import MemoryS3, put_other_values, put_processed


def test_rows_of_a_commit_that_does_not_follow_the_one_before_it_are_not_read() -> None:
    s3 = MemoryS3()
    log = put_processed(s3, 3)
    put_other_values(s3, 2, batch="z")
    with pytest.raises(LakeMismatchError, match=r"Commit 3 .* the batch before it is z"):
        read_rows(log, STAR["fact_payment"], None)
