"""However the work is split or repeated, the warehouse ends up the same."""

import random
from collections.abc import Iterator

import pytest

from hedgehog_pipeline.lake.parquet_parts import ProcessedTable
from hedgehog_pipeline.runner.runner import run_until_done
from hedgehog_pipeline_tests.support.archived import Archived
from hedgehog_pipeline_tests.support.demo_model import STAR
from hedgehog_pipeline_tests.support.shops import NOW
from hedgehog_pipeline_tests.support.truth import differences
from hedgehog_pipeline_tests.support.world import Servers, World

_FOREIGN_KEYS = (
    "select conrelid::regclass::text, conname from pg_constraint "
    "where contype = 'f' and convalidated order by 1, 2"
)
_STAMP = "last_updated = '2026-06-02 10:00:00.456'"


def test_a_run_of_one_asset_of_each_stage_leaves_the_full_run_complete(world: World) -> None:
    world.load_small()
    world.launch("extraction", "staff")
    world.launch("processing", "dim_staff")
    world.launch("storage", "dim_staff")
    assert world.query("select department_name from dim_staff") == [("Not known",)]
    world.run()
    assert differences(world) == {}
    assert len(world.query(_FOREIGN_KEYS)) == 24


def test_partial_runs_on_pending_commits_mark_none_as_done(world: World) -> None:
    world.load_small()
    world.launch("extraction")
    world.launch("processing", "fact_payment", "dim_staff")
    world.launch("storage")
    assert len(world.query("select from fact_payment")) == 2
    with world.deployment.warehouse() as warehouse:
        assert (warehouse.loaded_through(), warehouse.is_building()) == (0, True)
    assert [run.stage for run in world.run()] == ["processing", "storage"]
    assert differences(world) == {}


def test_an_initial_load_without_one_of_the_tables_is_not_complete(world: World) -> None:
    world.load_small()
    world.launch("extraction", "staff")
    world.launch("processing")
    world.launch("storage")
    assert _is_building(world)


def test_the_foreign_keys_come_with_the_last_slice_of_the_initial_load(servers: Servers) -> None:
    with World.make(servers, slice_rows=8) as world:
        world.load_small()
        states = [
            (_is_building(world), len(world.query(_FOREIGN_KEYS)))
            for run in run_until_done(world.deployment)
            if run.stage == "storage"
        ]
        assert states == [(True, 0), (False, 24)]
        assert differences(world) == {}


def test_small_slices_and_parts_give_the_same_warehouse(servers: Servers) -> None:
    with World.make(servers, slice_rows=50, part_bytes=700) as world:
        world.load_archive(orders=12)
        world.run()
        assert len(world.commits(world.settings.ingestion_bucket)) > 2
        assert any("-1.csv" in key for key in world.keys(world.settings.ingestion_bucket))
        assert any("-1.parquet" in key for key in world.keys(world.settings.processed_bucket))
        assert differences(world) == {}


@pytest.fixture(scope="module")
def traded(archived: Archived) -> Iterator[World]:
    """An initial load and some changes, each in a commit of its own, all in the warehouse."""
    with archived.copy() as world:
        shop = world.shop
        shop.execute(f"update department set location = 'Leeds', {_STAMP}".encode())
        world.run()
        shop.execute(f"insert into staff select 2, 'Ada', 'Byron', 1, 'a@x', {NOW}".encode())
        shop.execute(f"update sales_order set staff_id = 2, {_STAMP}".encode())
        world.run()
        shop.execute("update payment set paid = true, last_updated = '2026-05-01'")
        shop.execute("update staff set last_name = 'Lovelace' where staff_id = 2")
        world.run()
        yield world


def test_an_emptied_warehouse_is_filled_from_the_lake_with_the_same_rows(traded: World) -> None:
    rows, keys = traded.all_rows(), traded.query(_FOREIGN_KEYS)
    traded.empty_warehouse()
    assert {run.stage for run in traded.run()} == {"storage"}
    assert traded.all_rows() == rows
    assert traded.query(_FOREIGN_KEYS) == keys


@pytest.mark.parametrize("seed", range(5))
def test_commits_loaded_in_any_order_give_the_same_rows(traded: World, seed: int) -> None:
    rows = traded.all_rows()
    traded.empty_warehouse()
    processed = traded.deployment.lake.processed
    commits = list(processed.after(0))
    random.Random(seed).shuffle(commits)
    with traded.deployment.warehouse() as warehouse:
        warehouse.prepare()
        for commit in [*commits, commits[0]]:
            warehouse.load(
                commit,
                list(STAR.values()),
                lambda table, commit, kind: ProcessedTable(processed.bucket, table).rows_of(
                    commit, kind
                ),
            )
        assert not warehouse.is_building()
    assert traded.all_rows() == rows


def _is_building(world: World) -> bool:
    with world.deployment.warehouse() as warehouse:
        return warehouse.is_building()
