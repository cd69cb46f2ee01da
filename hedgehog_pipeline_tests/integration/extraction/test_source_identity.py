"""The source moves: a restored dump, a promoted standby, a copy of its disk."""

import json
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import boto3
import psycopg
import pytest
from click.testing import CliRunner, Result

from hedgehog_pipeline.cli import hedgehog
from hedgehog_pipeline.errors import HedgehogError
from hedgehog_pipeline.sandbox.aws import rds_secret
from hedgehog_pipeline.sandbox.postgres import PostgresServer
from hedgehog_pipeline.sandbox.postgres_programs import run_program
from hedgehog_pipeline_tests.support import shops
from hedgehog_pipeline_tests.support.landed import keys, landed
from hedgehog_pipeline_tests.support.odd_shop import change, place, seed
from hedgehog_pipeline_tests.support.warehouse_rows import assert_warehouse_has_the_shop
from hedgehog_pipeline_tests.support.world import Servers, World

_SETTINGS = {"wal_level": "replica", "autovacuum": "off"}
_LATER = "2026-11-03 12:00:00"


@pytest.fixture
def cluster() -> Iterator[PostgresServer]:
    """A separate cluster, whose data folder can become a standby."""
    with (
        TemporaryDirectory() as folder,
        PostgresServer(Path(folder) / "cluster", durable=False, settings=_SETTINGS) as cluster,
    ):
        yield cluster


def test_a_dump_restored_elsewhere_is_fully_refreshed_and_keeps_the_history(
    world: World, cluster: PostgresServer, tmp_path: Path
) -> None:
    seed(world)
    world.run()
    change(world.shop, "2", 20, at="2026-11-02 13:00:00")
    world.run()
    dump = _dump(world, tmp_path / "dump.sql")
    change(world.shop, "3", 30, at="2026-11-02 14:00:00")
    world.run()

    with _shop_in(world, cluster, dump) as restored:
        restored.shop.execute("delete from sales_order where sales_order_id = 1")
        change(restored.shop, "2", 40, at=_LATER)
        assert place(restored.shop, at=_LATER) == ["4"]
        result = _hedgehog_run(restored)
        _assert_refresh_reported(restored, result, "the source's system identifier changed from ")
        assert_warehouse_has_the_shop(restored)
        versions = [(1, 10), (2, 10), (2, 20), (2, 40), (3, 10), (3, 30), (4, 10)]
        _assert_versions(restored, versions)
        assert restored.run() == []


def test_a_standby_is_refused_until_it_is_promoted_and_then_fully_refreshed(
    world: World, cluster: PostgresServer
) -> None:
    with _shop_in(world, cluster, shops.SHOP_DDL) as primary:
        seed(primary)
        primary.run()
        change(primary.shop, "2", 20, at=_LATER)
        primary.run()

    with _copy_of(cluster) as copy:
        (copy.folder / "data" / "standby.signal").touch()
        copy.start()
        with _shop_at(world, copy) as standby:
            with pytest.raises(HedgehogError, match=r"is a standby.*name the primary"):
                standby.run()
            standby.shop.execute("select pg_promote()")
            # Without a checkpoint, readers would see the new timeline some minutes later.
            standby.shop.execute("checkpoint")
            result = _hedgehog_run(standby)
            _assert_refresh_reported(standby, result, "the source's timeline changed from 1 to 2")
            assert_warehouse_has_the_shop(standby)
            _assert_versions(standby, [(1, 10), (2, 10), (2, 20), (3, 10)])
            place(standby.shop, at=_LATER)
            assert [run.rows for run in standby.run() if run.stage == "extraction"] == [1]


def test_a_diverged_copy_of_the_disk_is_fully_refreshed_on_request(
    world: World, cluster: PostgresServer
) -> None:
    world = replace(world, settings=replace(world.settings, slice_rows=4))
    with _shop_in(world, cluster, shops.SHOP_DDL) as shop:
        seed(shop)
        shop.run()
    with _copy_of(cluster) as copy:
        cluster.start()
        with _shop_at(world, cluster) as shop:
            place(shop.shop, 2)
            shop.run()
        copy.start()
        with _shop_at(world, copy) as shop:
            unseen = place(shop.shop, at=_LATER)
            for _ in range(10):
                shop.shop.execute("select pg_current_xact_id()")
            seen = place(shop.shop, at=_LATER)
            end = len(shop.commits(shop.settings.ingestion_bucket))
            shop.run()
            assert (unseen, keys(landed(shop, after=end)), seen) == (["4"], ["5"], ["5"])

            _assert_refresh_reported(shop, _hedgehog_run(shop, "--reread"), "a person asked for it")
            assert_warehouse_has_the_shop(shop)
            versions = [(1, 10), (2, 10), (3, 10), (4, 10), (4, 10), (5, 10), (5, 10)]
            _assert_versions(shop, versions)
            assert shop.run() == []


def _hedgehog_run(world: World, *options: str) -> Result:
    return CliRunner().invoke(hedgehog, ["run", *options], env=world.environment)


def _assert_refresh_reported(world: World, result: Result, why: str) -> None:
    """Assert that the command, the log and the first new commit give the reason, each once."""
    assert result.exit_code == 0, result.output
    assert result.stdout.count(f"The source is read in full again: {why}") == 1
    lines = [json.loads(line) for line in result.stderr.splitlines() if line.startswith("{")]
    (line,) = [line for line in lines if line["event"] == "read in full again"]
    assert why in line["why"]
    reasons = [commit["reread"] for commit in world.commits(world.settings.ingestion_bucket)]
    assert [reason for reason in reasons if reason] == [line["why"]]


def _assert_versions(world: World, expected: Sequence[tuple[int, int]]) -> None:
    query = "select sales_order_id, units_sold from fact_sales_order order by 1, 2"
    assert world.query(query) == list(expected)


def _dump(world: World, file: Path) -> bytes:
    server = world.servers.postgres
    dsn = server.dsn(world.shop_database)
    assert run_program("pg_dump", "--inserts", dsn, data=server.folder / "data", output=file)
    # psycopg does not understand psql's own commands.
    return b"".join(line for line in file.open("rb") if not line.startswith(b"\\"))


@contextmanager
def _shop_in(world: World, cluster: PostgresServer, script: bytes) -> Iterator[World]:
    """Create the shop in a cluster by a script, and put the cluster into the source's secret."""
    servers = Servers(cluster, world.servers.aws)
    servers.make_database(
        world.shop_database, "postgres", "reader", f"{world.settings.source_secret}/{cluster.port}"
    )
    with psycopg.connect(cluster.dsn(world.shop_database), autocommit=True) as shop:
        shop.execute(script)
        shop.execute("reset search_path")
        shop.execute("grant select on all tables in schema public to reader")
    with _shop_at(world, cluster) as there:
        yield there


@contextmanager
def _shop_at(world: World, cluster: PostgresServer) -> Iterator[World]:
    """Put a cluster into the source's secret."""
    dsn = cluster.dsn(world.shop_database, user="reader", password="reader")
    boto3.client("secretsmanager").put_secret_value(
        SecretId=world.settings.source_secret, SecretString=rds_secret(dsn)
    )
    with psycopg.connect(cluster.dsn(world.shop_database), autocommit=True) as shop:
        yield replace(world, shop=shop)


@contextmanager
def _copy_of(cluster: PostgresServer) -> Iterator[PostgresServer]:
    """Stop a cluster and copy its data folder; neither cluster runs."""
    cluster.stop()
    folder = cluster.folder.with_name("copy")
    copy = PostgresServer(folder, durable=False, settings=_SETTINGS)
    folder.mkdir()
    for name in ("data", "password"):
        subprocess.run(["cp", "-a", cluster.folder / name, folder], check=True)
    yield copy
    copy.stop()
