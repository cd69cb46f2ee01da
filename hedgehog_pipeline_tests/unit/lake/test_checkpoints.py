"""With checkpoints, reading a long log costs what a short one costs, with the same result."""

import io
import re
from dataclasses import replace

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from hedgehog_pipeline.errors import LakeMismatchError
from hedgehog_pipeline.lake.commits import IngestionCommit
from hedgehog_pipeline.lake.landed import History, LandedTable
from hedgehog_pipeline.lake.log import CommitLog, commit_key
from hedgehog_pipeline_tests.support.demo_model import SOURCE
from hedgehog_pipeline_tests.support.lake_making import MemoryS3, land, put_other_values

_STAMPS = "2026-06-01 09:30:00,2026-06-01 09:30:00"
_COMMITS = 70
_INVALID, _DELETED = 7, 11


@pytest.fixture(scope="module")
def landed_objects() -> dict[str, bytes]:
    """A log of many changes of five currencies; one row is invalid, one is deleted."""
    s3 = MemoryS3()
    log = CommitLog(s3.bucket(), IngestionCommit)
    for number in range(1, _COMMITS + 1):
        if number == _DELETED:
            land(log, {}, deleted={"currency": [3]})
        else:
            _land(log, 1 + number % 5, "" if number == _INVALID else f"C{number}")
    return s3.objects


@pytest.fixture(scope="module")
def read_run_by_run(landed_objects: dict[str, bytes]) -> tuple[dict[str, bytes], History]:
    """The objects after one run after another read the history; the history of the last one."""
    s3 = MemoryS3(landed_objects)
    landed = _currencies(s3)
    for number in range(1, _COMMITS + 1):
        history = landed.history(number, since=number)
        landed.write_checkpoint(history, number - 1)
    return s3.objects, history


@pytest.fixture
def s3(read_run_by_run: tuple[dict[str, bytes], History]) -> MemoryS3:
    """A lake with checkpoints."""
    return MemoryS3(read_run_by_run[0])


@pytest.fixture
def last(read_run_by_run: tuple[dict[str, bytes], History]) -> History:
    """What the last run read, from the newest checkpoint."""
    return read_run_by_run[1]


def _currencies(s3: MemoryS3) -> LandedTable:
    log = CommitLog(s3.bucket(), IngestionCommit)
    return LandedTable(log, SOURCE["currency"], log.bucket)


def _land(log: CommitLog[IngestionCommit], key: int, code: str) -> None:
    header = "currency_id,currency_code,created_at,last_updated"
    land(log, {"currency": f"{header}\n{key},{code},{_STAMPS}\n".encode()})


def _sorted(rows: pa.Table) -> list[object]:
    return rows.sort_by("currency_id").to_pylist()


def test_a_history_from_a_checkpoint_is_the_same(
    landed_objects: dict[str, bytes], s3: MemoryS3, last: History
):
    whole = _currencies(MemoryS3(landed_objects)).history(_COMMITS)
    assert whole.commits == _COMMITS
    landed = _currencies(s3)
    again = landed.history(_COMMITS, since=_COMMITS)
    assert again.commits == last.commits < 22
    assert len(s3.read) < 70
    assert _sorted(again.newest()) == _sorted(whole.newest())
    assert again.faults.to_pylist() == whole.faults.to_pylist()
    for number in range(1, _COMMITS + 1):
        as_of = landed.history(number, since=number)
        assert as_of.resolutions([number]) == whole.resolutions([number])


def test_a_checkpoint_of_another_declaration_is_not_used(s3: MemoryS3):
    landed = _currencies(s3)
    columns = tuple(replace(column, nullable=True) for column in landed.table.columns)
    other = replace(landed, table=replace(landed.table, columns=columns))
    assert other.history(_COMMITS, since=_COMMITS).commits == _COMMITS


@pytest.mark.parametrize("ending", ["rows", "tombstones"])
def test_an_altered_checkpoint_is_skipped_and_named(
    s3: MemoryS3,
    last: History,
    caplog: pytest.LogCaptureFixture,
    ending: str,
):
    landed = _currencies(s3)
    key = max(_checkpoints(s3, ending))
    s3.objects[key] = _parquet_of(pq.read_table(io.BytesIO(s3.objects[key])).slice(1))
    history = landed.history(_COMMITS, since=_COMMITS)
    assert last.commits < history.commits < _COMMITS
    assert _sorted(history.newest()) == _sorted(last.newest())
    words = f"The checkpoint of currency at commit .* was altered, .* Delete its objects .*{key}"
    assert re.search(words, caplog.text)


@pytest.mark.parametrize("ending", ["rows", "tombstones"])
def test_a_checkpoint_with_a_deleted_object_is_skipped(s3: MemoryS3, last: History, ending: str):
    landed = _currencies(s3)
    del s3.objects[max(_checkpoints(s3, ending))]
    history = landed.history(_COMMITS, since=_COMMITS)
    assert last.commits < history.commits < _COMMITS
    assert _sorted(history.newest()) == _sorted(last.newest())


def test_checkpoints_of_an_older_lake_are_read(s3: MemoryS3, last: History):
    landed = _currencies(s3)
    for key in _checkpoints(s3):
        without_digest = re.sub(r"\.[0-9a-f]{64}\.", ".", key)
        s3.objects[without_digest] = s3.objects.pop(key)
    history = landed.history(_COMMITS, since=_COMMITS)
    assert history.commits == last.commits
    assert _sorted(history.newest()) == _sorted(last.newest())


def _parquet_of(rows: pa.Table) -> bytes:
    body = io.BytesIO()
    pq.write_table(rows, body)
    return body.getvalue()


def _checkpoints(s3: MemoryS3, ending: str = "") -> list[str]:
    return [key for key in s3.objects if key.startswith("checkpoints/") and ending in key]


def test_a_checkpoint_of_a_rolled_back_log_is_skipped(s3: MemoryS3):
    for number in range(50, _COMMITS + 1):
        del s3.objects[commit_key(number)]
    grown = _currencies(s3)
    for number in range(50, _COMMITS + 1):
        _land(grown.log, 1 + number % 5, f"D{number}")
    history = grown.history(_COMMITS, since=_COMMITS)
    assert history.commits < _COMMITS
    codes = history.newest()["currency_code"].to_pylist()
    assert sorted(codes) == [f"D{number}" for number in range(_COMMITS - 4, _COMMITS + 1)]


def test_a_history_refuses_a_commit_of_another_lake(landed_objects: dict[str, bytes]):
    s3 = MemoryS3(landed_objects)
    put_other_values(s3, 2, log="z-log")
    landed = _currencies(s3)
    with pytest.raises(LakeMismatchError, match=f"{commit_key(2)} .* of the log z-log"):
        landed.history(_COMMITS)
