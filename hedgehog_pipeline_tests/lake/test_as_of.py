"""A landed table as of a commit: the newest row of each key that had landed by then."""

import pyarrow as pa

from hedgehog_pipeline.lake.bucket import Bucket
from hedgehog_pipeline.lake.commits import IngestionCommit
from hedgehog_pipeline.lake.landed import LandedTable
from hedgehog_pipeline.lake.log import CommitLog
from hedgehog_pipeline.schema.shop import SHOP
from hedgehog_pipeline_tests.lake.making import land

_STAMPS = "2026-06-01 09:30:00,2026-06-01 09:30:00"


def _currencies(*rows: tuple[int, str]) -> bytes:
    lines = ["currency_id,currency_code,created_at,last_updated"]
    return "\n".join([*lines, *(f"{key},{code},{_STAMPS}" for key, code in rows), ""]).encode()


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
        history = LandedTable(log, SHOP["currency"]).history(number)
        rows = history.newest()
        assert rows.schema.types == [*history.versions.schema.types, pa.bool_()]
        assert not any(rows["deleted"].to_pylist())
        held = rows.select(["currency_id", "currency_code", "ingestion_commit"]).to_pylist()
        assert len(held) == len(wanted)
        assert {tuple(row.values()) for row in held} == wanted
