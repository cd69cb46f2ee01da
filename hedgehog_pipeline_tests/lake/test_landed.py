"""Parts as several star tables of one run are made of them."""

import gc
import weakref

from hedgehog_pipeline.lake.commits import IngestionCommit
from hedgehog_pipeline.lake.landed import LandedTable
from hedgehog_pipeline.lake.log import CommitLog
from hedgehog_pipeline.model.source import SOURCE
from hedgehog_pipeline_tests.lake.making import MemoryS3, land

_HEADER = b"currency_id,currency_code,created_at,last_updated\n"
_RECORD = b"%d,GBP,2026-06-01 09:30:00,2026-06-01 09:30:00\n"


def test_a_part_is_downloaded_once_however_many_are_made_of_it():
    assert _downloads(parts=4) == [1, 1, 1, 1]


def test_of_many_parts_a_few_are_kept_at_most():
    assert _downloads(parts=5) == [2] * 5


def test_what_was_kept_goes_with_the_table_that_kept_it():
    landed, commit = _landed(parts=1)
    (part,) = landed.parts_of(commit)
    kept = weakref.ref(part.rows)
    del part
    assert kept() is not None
    gc.disable()  # it may be long before it comes by
    try:
        del landed
        assert kept() is None
    finally:
        gc.enable()


def _downloads(*, parts: int) -> list[int]:
    """How often each part of a commit is downloaded by two tables that read one after the other."""
    landed, commit = _landed(parts=parts)
    first, second = ([part.rows for part in landed.parts_of(commit)] for _ in range(2))
    assert first == second
    return [landed.log.bucket.client.read.count(part.key) for part in commit.parts]


def _landed(*, parts: int) -> tuple[LandedTable, IngestionCommit]:
    log = CommitLog(MemoryS3().bucket(), IngestionCommit)
    text = _HEADER + b"".join(_RECORD % key for key in range(parts))
    commit = land(log, {"currency": text}, part_bytes=len(_HEADER) + 1)
    return LandedTable(log, SOURCE["currency"], log.bucket), commit
