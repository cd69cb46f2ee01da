"""When increments are not possible any more, the source gets a full refresh."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime, timezone
from typing import cast

import boto3
import psycopg
import pytest

from hedgehog_pipeline.extraction.capture_request import Mode
from hedgehog_pipeline.extraction.snapshot import WRAP, PgSnapshot
from hedgehog_pipeline.extraction.source import SourceSnapshot
from hedgehog_pipeline.extraction.source_identity import known_watermarks, what_changed
from hedgehog_pipeline.lake.commits import IngestionCommit, Watermark
from hedgehog_pipeline.runner.runner import run_until_done
from hedgehog_pipeline.sandbox.aws import rds_secret
from hedgehog_pipeline_tests.support.capturing import capture
from hedgehog_pipeline_tests.support.demo_model import SOURCE
from hedgehog_pipeline_tests.support.landed import in_shop, landed
from hedgehog_pipeline_tests.support.odd_shop import change, seed
from hedgehog_pipeline_tests.support.warehouse_rows import assert_warehouse_is_the_shop
from hedgehog_pipeline_tests.support.world import World

NOW = datetime(2026, 11, 22, 12, tzinfo=timezone.utc)


def head(identity: str = "7/1/5", **snapshots: str) -> IngestionCommit:
    watermarks = {t: Watermark(snapshot=s, captured_at=NOW, commit=1) for t, s in snapshots.items()}
    return IngestionCommit(
        log="log", number=1, previous=None, batch="batch", date=date(2026, 11, 22),
        kind="increment", captured_at=NOW, source=identity, base=watermarks,
    )  # fmt: skip


def source(text: str, identity: str = "7/1/5") -> SourceSnapshot:
    """A snapshot without rows."""
    return SourceSnapshot(
        cast("psycopg.Connection", None), identity, PgSnapshot(text), {}, {}, "0/0"
    )


def copied(world: World) -> str:
    """Put a copy of the shop's database in its place; return its name."""
    copy = f"{world.shop_database}_copy"
    world.shop.close()
    dsn = world.servers.postgres.dsn
    with psycopg.connect(dsn("postgres"), autocommit=True) as admin:
        admin.execute(f"create database {copy} template {world.shop_database}".encode())
    boto3.client("secretsmanager").put_secret_value(
        SecretId=world.settings.source_secret,
        SecretString=rds_secret(dsn(copy, user="reader", password="reader")),
    )
    return copy


def test_a_watermark_of_the_same_source_is_valid():
    assert set(known_watermarks(source("120:130:"), head(staff="100:110:"))) == {"staff"}
    assert set(known_watermarks(source("100:110:"), head(staff="100:110:"))) == {"staff"}


def test_an_empty_log_has_no_watermarks():
    assert known_watermarks(source("120:130:"), None) == {}


@pytest.mark.parametrize("other", ["8/1/5", "7/2/5", "7/1/6"])
def test_no_watermark_is_valid_for_another_cluster_timeline_or_database(other: str):
    assert known_watermarks(source("120:130:", other), head(staff="100:110:")) == {}


def test_what_changed_of_the_source_is_named():
    assert what_changed(source("120:130:"), None) is None
    assert what_changed(source("120:130:"), head(staff="100:110:")) is None
    assert what_changed(source("120:130:", "8/1/6"), head()) == (
        "the source's system identifier changed from 7 to 8 and its database oid changed from "
        "5 to 6"
    )
    assert what_changed(source("120:130:", "7/2/5"), head()) == (
        "the source's timeline changed from 1 to 2"
    )
    back = head(staff="100:110:", design="90:95:", address="100:120:")
    assert what_changed(source("100:105:"), back) == (
        "the source's transaction counter went back from 110 to 105"
    )
    assert what_changed(source(f"{WRAP + 100}:{WRAP + 120}:"), head(staff="100:110:")) == (
        f"the source's transaction counter wrapped around from 110 to {WRAP + 120}"
    )


def test_a_counter_that_went_back_invalidates_later_watermarks():
    watermarks = known_watermarks(source("100:105:"), head(staff="100:110:", design="90:95:"))
    assert set(watermarks) == {"design"}


@pytest.mark.parametrize(("length", "valid"), [(WRAP - 1, True), (WRAP, False), (WRAP + 1, False)])
def test_a_window_of_a_whole_round_is_not_valid(length: int, *, valid: bool):
    found = known_watermarks(source(f"{100 + length}:{100 + length}:"), head(staff="100:110:"))
    assert bool(found) == valid


def test_a_commit_records_where_each_table_last_landed_and_why_it_is_read_again(world: World):
    seed(world)
    world.run()
    list(run_until_done(world.deployment, Mode.REREAD))
    first, again = world.commits(world.settings.ingestion_bucket)[:2]
    filled = {part["asset"].partition("/")[2] for part in first["parts"]}
    for number, commit in ((1, first), (2, again)):
        positions = {name: (b["landed"], b["swept"]) for name, b in commit["base"].items()}
        assert positions == {name: (number if name in filled else 0, 0) for name in SOURCE}
    assert (first["reread"], again["reread"]) == (None, "a person asked for it")


def test_the_next_scan_notices_that_the_secret_names_another_source(world: World):
    seed(world)
    world.run()
    deployment = world.deployment
    assert not deployment.scan_source()
    copied(world)
    assert deployment.scan_source()


def test_a_copy_of_the_source_lands_in_full_and_doubles_nothing_in_the_warehouse(world: World):
    seed(world)
    world.run()
    change(world.shop, "2", 20, at="2026-11-02 13:00:00")
    world.run()
    first = landed(world)

    copy = copied(world)
    with psycopg.connect(world.servers.postgres.dsn(copy), autocommit=True) as shop:
        world = replace(world, shop=shop, shop_database=copy)
        change(world.shop, "3", 30, at="2026-11-03 12:00:00")
        world.run()
        assert landed(world) - first == in_shop(world)
        assert capture(world) == Counter()
        assert_versions(world, [(1, 10), (2, 10), (2, 20), (3, 10), (3, 30)])
        assert_warehouse_is_the_shop(world)


def assert_versions(world: World, expected: Sequence[tuple[int, int]]) -> None:
    query = "select sales_order_id, units_sold from fact_sales_order order by 1, 2"
    assert world.query(query) == list(expected)


def test_a_table_left_out_of_the_first_capture_of_a_copy_keeps_what_it_landed(
    opened: World,
) -> None:
    before = opened.commits(opened.settings.ingestion_bucket)[-1]["base"]["department"]["landed"]
    copied(opened)
    result = opened.launch("extraction", "staff")
    (event,) = result.get_asset_materialization_events()
    reason = event.materialization.metadata["read in full again"].value
    assert "the source's database oid changed" in str(reason)
    after = opened.commits(opened.settings.ingestion_bucket)[-1]["base"]["department"]
    assert after["landed"] == before
    assert after["archive"] == {"after": None}
