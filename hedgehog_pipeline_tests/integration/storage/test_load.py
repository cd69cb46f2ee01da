"""A processed commit becomes visible all at once or not at all; one loader writes at a time."""

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import date

import pyarrow as pa
import pytest

from hedgehog_pipeline.lake.commits import Part, PartKind, ProcessedCommit
from hedgehog_pipeline.model.tables import StarTable
from hedgehog_pipeline.storage.warehouse import Loaded, Warehouse
from hedgehog_pipeline_tests.support.demo_model import STAR
from hedgehog_pipeline_tests.support.lake_making import DAY, processed_commit
from hedgehog_pipeline_tests.support.world import World

_ALL = list(STAR.values())
_NAMES = "select payment_type_name from dim_payment_type"
_WAITING = "select exists (select from pg_locks where locktype = 'advisory' and not granted)"


@pytest.fixture
def warehouse(world: World) -> Iterator[Warehouse]:
    """A warehouse without rows."""
    with world.deployment.warehouse() as warehouse:
        warehouse.prepare()
        yield warehouse


def _commit(number: int, *tables: str, day: date = DAY) -> ProcessedCommit:
    """Make a commit with a part for each of these tables."""
    parts = [Part(asset=f"star/{t}", key=t, rows=1, bytes=1, columns=()) for t in tables]
    commit = processed_commit(number, f"batch-{number}", day)
    return commit.model_copy(update={"parts": tuple(parts), "archive_complete": False})


def _kinds(table: StarTable, commit: ProcessedCommit, kind: PartKind) -> Iterator[pa.Table]:
    """Yield one payment type, named after its commit."""
    assert table.name == "dim_payment_type"
    if kind == "rows":
        row = {
            "payment_type_id": 1,
            "payment_type_name": commit.batch,
            "ingestion_commit": 1,
            "deleted": False,
        }
        yield pa.Table.from_pylist([row], schema=table.arrow)


def test_a_load_that_fails_leaves_nothing(world: World, warehouse: Warehouse) -> None:
    def breaks(table: StarTable, commit: ProcessedCommit, kind: PartKind) -> Iterator[pa.Table]:
        if table.name == "dim_transaction":
            raise ConnectionError
        return _kinds(table, commit, kind)

    commit = _commit(1, "dim_payment_type", "dim_transaction")
    with pytest.raises(ConnectionError):
        warehouse.load(commit, _ALL, breaks)
    assert world.query(_NAMES) == []
    assert warehouse.missing(1) == [1]

    warehouse.load(_commit(1, "dim_payment_type"), _ALL, _kinds)
    assert world.query(_NAMES) == [("batch-1",)]
    assert (warehouse.missing(1), warehouse.last_loaded()) == ([], ("a-log", 1, "batch-1"))


def test_a_load_of_some_tables_records_no_commit(world: World, warehouse: Warehouse) -> None:
    warehouse.load(_commit(1, "dim_payment_type", "dim_date"), [STAR["dim_payment_type"]], _kinds)
    assert world.query(_NAMES) == [("batch-1",)]
    assert (warehouse.missing(1), warehouse.last_loaded()) == ([1], None)


def test_loaded_commits_are_found_by_number_and_by_day(warehouse: Warehouse) -> None:
    for number, day in ((1, 1), (3, 1), (4, 2)):
        warehouse.load(_commit(number, day=date(2026, 6, day)), _ALL, _kinds)
    assert warehouse.missing(6) == [2, 5, 6]
    assert warehouse.last_loaded() == ("a-log", 4, "batch-4")
    assert warehouse.loaded_on(date(2026, 6, 1)) == [1, 3]
    assert warehouse.loaded_through() == 1
    warehouse.load(_commit(2), _ALL, _kinds)
    assert warehouse.loaded_through() == 4


def test_a_second_loader_waits_for_the_first(world: World, warehouse: Warehouse) -> None:
    with ThreadPoolExecutor(1) as threads:
        second: list[Future[Loaded]] = []

        def slow(table: StarTable, commit: ProcessedCommit, kind: PartKind) -> Iterator[pa.Table]:
            if kind == "rows":
                second.append(threads.submit(_load_as_another, world))
                while not world.query(_WAITING)[0][0]:
                    assert not second[0].done()
            return _kinds(table, commit, kind)

        warehouse.load(_commit(1, "dim_payment_type"), _ALL, slow)
        assert second[0].result().rows == {"dim_payment_type": 1}
    assert world.query(_NAMES) == [("batch-2",)]


def _load_as_another(world: World) -> Loaded:
    with world.deployment.warehouse() as warehouse:
        return warehouse.load(_commit(2, "dim_payment_type"), _ALL, _kinds)
