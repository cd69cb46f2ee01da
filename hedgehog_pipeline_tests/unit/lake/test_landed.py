"""Landed parts that several star tables of one run read."""

import gc
import weakref

from hedgehog_pipeline.lake.commits import IngestionCommit
from hedgehog_pipeline.lake.landed import LandedTable
from hedgehog_pipeline.lake.log import CommitLog
from hedgehog_pipeline_tests.support.demo_model import SOURCE
from hedgehog_pipeline_tests.support.lake_making import MemoryS3, land

_HEADER = b"currency_id,currency_code,created_at,last_updated\n"
_RECORD = b"%d,GBP,2026-06-01 09:30:00,2026-06-01 09:30:00\n"


def test_a_part_is_downloaded_once_for_several_star_tables():
    assert _downloads(parts=4) == [1, 1, 1, 1]


def test_only_a_few_parts_are_cached():
    assert _downloads(parts=5) == [2] * 5


def test_cached_parts_are_freed_with_their_table():
    landed, commit = _landed(parts=1)
    (part,) = landed.parts_of(commit)
    cached = weakref.ref(part.rows)
    del part
    assert cached() is not None
    gc.disable()  # the table must not need the garbage collector
    try:
        del landed
        assert cached() is None
    finally:
        gc.enable()


def _downloads(*, parts: int) -> list[int]:
    """Count the downloads of each part of a commit by two tables that read one after the other."""
    landed, commit = _landed(parts=parts)
    first, second = ([part.rows for part in landed.parts_of(commit)] for _ in range(2))
    assert first == second
    return [landed.log.bucket.client.read.count(part.key) for part in commit.parts]


def _landed(*, parts: int) -> tuple[LandedTable, IngestionCommit]:
    log = CommitLog(MemoryS3().bucket(), IngestionCommit)
    text = _HEADER + b"".join(_RECORD % key for key in range(parts))
    commit = land(log, {"currency": text}, part_bytes=len(_HEADER) + 1)
    return LandedTable(log, SOURCE["currency"], log.bucket), commit
