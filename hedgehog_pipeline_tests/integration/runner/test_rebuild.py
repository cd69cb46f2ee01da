"""The warehouse is lost, restored or rebuilt: the lake has everything."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from hedgehog_pipeline.errors import HedgehogError
from hedgehog_pipeline_tests.support.capturing import capture
from hedgehog_pipeline_tests.support.demo_model import STAR
from hedgehog_pipeline_tests.support.shops import NOW
from hedgehog_pipeline_tests.support.terminal import on_terminal
from hedgehog_pipeline_tests.support.world import Rows, Servers, World

_FOREIGN_KEYS = (
    "select conrelid::regclass::text, conname from pg_constraint "
    "where contype = 'f' and convalidated order by 1, 2"
)

_REBUILD = [Path(sys.executable).parent / "hedgehog", "rebuild"]
_SUM = re.compile(r"storage +\d+ runs +\d+ rows +[\d.]+ s +[\d,]+ rows/s")


@pytest.fixture(scope="module")
def original(servers: Servers) -> Iterator[World]:
    """An initial load, changes, an inferred member and a restatement, all in the warehouse."""
    with World.make(servers) as world:
        _trade(world)
        yield world


@pytest.fixture
def traded(original: World) -> Iterator[World]:
    """A copy of the original."""
    with original.copied() as world:
        yield world


def _trade(world: World) -> None:
    world.load_small()
    world.run()
    shop = world.shop
    shop.execute("update department set location = 'Leeds', last_updated = '2026-06-02'")
    world.run()
    shop.execute(f"insert into staff select 2, 'Ada', 'Byron', 1, 'a@x', {NOW}".encode())
    shop.execute("update sales_order set staff_id = 2, last_updated = '2026-06-03'")
    world.run()
    world.launch("processing")
    shop.execute("alter table sales_order drop constraint sales_order_staff_id_fkey")
    shop.execute("update sales_order set staff_id = 7, last_updated = '2026-06-04'")
    world.run()
    assert world.query("select count(*) from dim_staff where inferred") == [(1,)]


@pytest.fixture
def environment(traded: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """The environment of a world, in a folder without a `.env` file."""
    monkeypatch.chdir(tmp_path)
    return os.environ | traded.environment


def rows_to_compare(world: World, *without: str) -> dict[str, Rows]:
    """Return all rows of all star tables, without serials, `inferred_since` and named columns."""
    query = "select to_jsonb(row) - %s::text[] as content from {} as row order by content"
    return {
        name: world.query(
            query.format(name), [["inferred_since", getattr(table, "serial", ""), *without]]
        )
        for name, table in STAR.items()
    }


def test_a_warehouse_that_was_dropped_is_rebuilt_without_the_source(traded: World) -> None:
    rows, keys = rows_to_compare(traded), traded.query(_FOREIGN_KEYS)
    _drop_and_create(traded.servers.postgres.dsn("postgres"), traded.warehouse_database)
    traded = replace(traded, settings=replace(traded.settings, source_secret="nowhere"))
    assert {run.stage for run in traded.rebuild()} == {"storage"}
    assert rows_to_compare(traded) == rows
    assert traded.query(_FOREIGN_KEYS) == keys


def test_a_rebuild_processes_pending_commits(traded: World) -> None:
    traded.shop.execute("update staff set last_name = 'Lovelace' where staff_id = 2")
    capture(traded)
    rebuilt = traded.with_warehouse(traded.new_database())
    assert [run.stage for run in rebuilt.rebuild()] == ["processing", "storage"]
    assert rebuilt.query("select last_name from dim_staff where staff_id = 2") == [("Lovelace",)]
    assert rebuilt.run() == []


def test_a_warehouse_that_holds_commits_is_not_rebuilt(traded: World) -> None:
    capture(traded)
    rows = traded.all_rows()
    with pytest.raises(HedgehogError, match=r"an empty database .*, or use `hedgehog run`"):
        traded.rebuild()
    assert traded.all_rows() == rows


def test_a_warehouse_restored_to_an_earlier_state_catches_up_by_itself(traded: World) -> None:
    backup = traded.new_database(like=traded.warehouse_database)
    traded.shop.execute("update design set design_name = 'Metal', last_updated = '2026-06-05'")
    traded.run()
    traded.launch("processing")
    traded.run()
    rows = rows_to_compare(traded)
    restored = traded.with_warehouse(backup)
    assert rows_to_compare(restored) != rows
    assert {run.stage for run in restored.run()} == {"storage"}
    assert rows_to_compare(restored) == rows


def test_output_to_a_file_has_a_line_for_each_run_and_the_sum_of_each_stage(
    traded: World, environment: dict[str, str]
) -> None:
    traded.with_warehouse(traded.new_database())
    done = subprocess.run(_REBUILD, env=environment, capture_output=True, text=True, check=True)
    *lines, total = done.stdout.splitlines()
    assert lines == ["storage          5 of 5 commits"]
    assert _SUM.fullmatch(total)
    again = subprocess.run(_REBUILD, env=environment, capture_output=True, text=True, check=False)
    assert (again.returncode, again.stdout) == (1, "")
    assert again.stderr.startswith("hedgehog: The warehouse is not empty")


def test_a_terminal_gets_a_bar_and_no_log_lines(traded: World, environment: dict[str, str]) -> None:
    traded.with_warehouse(traded.new_database())
    shown = on_terminal(_REBUILD, environment)
    assert "0 of 5 commits" in shown
    assert "5 of 5 commits" in shown
    assert _SUM.fullmatch(shown.splitlines()[-1].rpartition("\x1b[2K")[2])
    assert '"event"' not in shown


def _drop_and_create(dsn: str, database: str) -> None:
    with psycopg.connect(dsn, autocommit=True) as admin:
        admin.execute(sql.SQL("drop database {} with (force)").format(sql.Identifier(database)))
        create = sql.SQL("create database {} owner writer")
        admin.execute(create.format(sql.Identifier(database)))
