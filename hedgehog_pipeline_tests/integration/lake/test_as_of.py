"""A landed table as of a commit: the newest row of each key up to that commit."""

from time import monotonic

import pyarrow as pa

from hedgehog_pipeline.lake.bucket import Bucket
from hedgehog_pipeline.lake.commits import IngestionCommit
from hedgehog_pipeline.lake.landed import History, LandedTable
from hedgehog_pipeline.lake.log import CommitLog
from hedgehog_pipeline_tests.support.demo_model import SOURCE
from hedgehog_pipeline_tests.support.lake_making import MemoryS3, land

_STAMPS = "2026-06-01 09:30:00,2026-06-01 09:30:00"


def _currencies(*rows: tuple[int, str | None]) -> bytes:
    lines = ["currency_id,currency_code,created_at,last_updated"]
    return "\n".join(
        [*lines, *(f"{key},{code or ''},{_STAMPS}" for key, code in rows), ""]
    ).encode()


def test_the_newest_row_of_each_key_at_each_commit(bucket: Bucket) -> None:
    log = CommitLog(bucket, IngestionCommit)
    header = "department_id,department_name,location,manager,created_at,last_updated"
    department = f"{header}\n1,Sales,,,{_STAMPS}\n".encode()
    land(log, {"department": department})
    land(log, {"currency": _currencies((1, "GBP"), (2, "USD"), (3, "EUR"))}, part_bytes=60)
    land(log, {"currency": _currencies((2, "CAD"))})
    land(log, {"department": department})
    land(log, {"currency": _currencies((4, "CHF"), (2, "AUD")), "department": department})

    first = {(1, "GBP", 2), (2, "USD", 2), (3, "EUR", 2)}
    second = {(1, "GBP", 2), (2, "CAD", 3), (3, "EUR", 2)}
    third = {(1, "GBP", 2), (2, "AUD", 5), (3, "EUR", 2), (4, "CHF", 5)}
    for number, wanted in enumerate([set(), set(), first, second, second, third]):
        history = LandedTable(log, SOURCE["currency"], log.bucket).history(number)
        rows = history.newest()
        assert rows.schema.types == [*history.versions.schema.types, pa.bool_()]
        assert not any(rows["deleted"].to_pylist())
        found = rows.select(["currency_id", "currency_code", "ingestion_commit"]).to_pylist()
        assert len(found) == len(wanted)
        assert {tuple(row.values()) for row in found} == wanted


def test_the_newest_rows_of_some_keys_cost_no_more_than_the_commits_since() -> None:
    s3 = MemoryS3()
    log = CommitLog(s3.bucket(), IngestionCommit)
    land(log, {"currency": _currencies((1, "GBP"), (2, "USD"), (3, "EUR"))})
    for _ in range(30):
        land(log, {"currency": _currencies((2, "CAD"))})
    land(log, {}, deleted={"currency": [2]})
    land(log, {"currency": _currencies((3, "CHF"))})
    landed = LandedTable(log, SOURCE["currency"], log.bucket)
    for keys, commits in (([3], 1), ([2, 3], 3), ([1, 2], 33), ([4], 33)):
        s3.read.clear()
        found, whole = landed.newest_of(33, keys), landed.history(33, keys=keys)
        assert _sorted(found) == _sorted(whole)
        assert found.commits == commits
        assert not found.unsearched
    s3.read.clear()
    landed.newest_of(33, [3])
    assert sum(key.startswith("oltp/") for key in s3.read) <= 1


def test_a_search_that_reaches_its_time_limit_returns_the_missing_keys() -> None:
    log = CommitLog(MemoryS3().bucket(), IngestionCommit)
    land(log, {"currency": _currencies((1, "GBP"))})
    found = LandedTable(log, SOURCE["currency"], log.bucket).newest_of(1, [1], until=monotonic())
    assert found.unsearched == {1}


def _sorted(history: History) -> list[dict[str, object]]:
    return history.newest().sort_by("currency_id").to_pylist()


def test_a_deleted_key_is_marked_until_it_is_back(bucket: Bucket) -> None:
    log = CommitLog(bucket, IngestionCommit)
    land(log, {"currency": _currencies((1, "GBP"), (2, "USD"))})
    land(log, {}, deleted={"currency": [2, 3_000_000_000]})
    land(log, {"currency": _currencies((2, "EUR"))})
    wanted = [
        {(1, "GBP", 1, False), (2, "USD", 1, False)},
        {(1, "GBP", 1, False), (2, "USD", 2, True)},
        {(1, "GBP", 1, False), (2, "EUR", 3, False)},
    ]
    columns = ["currency_id", "currency_code", "ingestion_commit", "deleted"]
    for number, rows in enumerate(wanted, start=1):
        found = (
            LandedTable(log, SOURCE["currency"], log.bucket)
            .history(number)
            .newest()
            .select(columns)
        )
        assert {tuple(row.values()) for row in found.to_pylist()} == rows


def test_the_newest_valid_row_counts_and_a_later_one_resolves_entries(bucket: Bucket) -> None:
    log = CommitLog(bucket, IngestionCommit)
    land(log, {"currency": _currencies((1, "GBP"), (2, "USD"), (3, None))})
    land(log, {"currency": _currencies((1, None), (2, None), (4, "CHF"))})
    land(log, {"currency": _currencies((1, "EUR"), (4, "SEK"))})
    land(log, {}, deleted={"currency": [2, 3, 4]})
    history = LandedTable(log, SOURCE["currency"], log.bucket).history(4)
    rows = history.newest().select(["currency_id", "currency_code", "ingestion_commit"])
    assert {tuple(row.values()) for row in rows.to_pylist()} == {
        (1, "EUR", 3),
        (2, "USD", 4),
        (4, "SEK", 4),
    }
    entries = {(row["key"], row["ingestion_commit"]) for row in history.faults.to_pylist()}
    assert entries == {("3", 1), ("1", 2), ("2", 2)}
    resolutions = [sorted(history.resolutions([n]).to_pylist(), key=str) for n in range(1, 5)]
    assert resolutions == [
        [],
        [],
        [{"table_name": "currency", "key": "1", "ingestion_commit": 3}],
        [{"table_name": "currency", "key": key, "ingestion_commit": 4} for key in "23"],
    ]


def test_a_history_of_some_keys_has_no_other_rows(bucket: Bucket) -> None:
    log = CommitLog(bucket, IngestionCommit)
    land(log, {"currency": _currencies((1, "GBP"), (2, "USD"), (3, "CAD"))})
    land(log, {}, deleted={"currency": [2, 3_000_000_000]})
    landed = LandedTable(log, SOURCE["currency"], log.bucket)
    deleted = landed.tombstones_of(log.read(2))["key"].to_pylist()
    history = landed.history(2, since=2, keys=deleted)
    assert history.versions["currency_code"].to_pylist() == ["USD"]
    assert history.newest()["deleted"].to_pylist() == [True]
