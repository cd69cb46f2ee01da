"""An altered part is an error when a row is looked up in it."""

from datetime import date

import pytest

from hedgehog_pipeline.errors import HedgehogError
from hedgehog_pipeline.lake.commits import IngestionCommit, ProcessedCommit
from hedgehog_pipeline.lake.lake import Lake
from hedgehog_pipeline.lake.log import CommitLog
from hedgehog_pipeline.trace.landed_rows import find_first_mention, find_in_commit
from hedgehog_pipeline_tests.support.demo_model import SOURCE, STAR
from hedgehog_pipeline_tests.support.lake_making import MemoryS3, land

_HEADER = (
    "payment_id,created_at,last_updated,transaction_id,counterparty_id,payment_amount,"
    "currency_id,payment_type_id,paid,payment_date,company_ac_number,counterparty_ac_number"
)
_ROW = "7,2026-06-01 09:30:00,2026-06-01 09:30:00,1,1,2.50,1,1,t,2026-06-01,3,4"


def test_a_row_of_an_altered_part_is_not_shown() -> None:
    s3 = MemoryS3()
    lake = Lake(
        CommitLog(s3.bucket(), IngestionCommit), CommitLog(MemoryS3().bucket(), ProcessedCommit)
    )
    (part,) = land(lake.ingestion, {"payment": f"{_HEADER}\n{_ROW}\n".encode()}).parts
    payment, day = SOURCE["payment"], date(2026, 6, 1)
    assert find_in_commit(lake, payment, "7", 1).line == 1
    assert (mention := find_first_mention(lake, SOURCE, STAR["dim_date"], day, 1))
    assert mention.line == 1
    s3.objects[part.key] = s3.objects[part.key].replace(b"2.50", b"3.50")
    for read in (
        lambda: find_in_commit(lake, payment, "7", 1),
        lambda: find_first_mention(lake, SOURCE, STAR["dim_date"], day, 1),
    ):
        with pytest.raises(HedgehogError, match=f"{part.key} .* was altered: its SHA-256"):
            read()
