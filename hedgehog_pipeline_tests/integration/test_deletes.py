"""Deleted source rows leave the current views and mark dimensions; history stays."""

import random
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timezone

import pytest

from hedgehog_pipeline.deployment import Deployment
from hedgehog_pipeline.errors import HedgehogError
from hedgehog_pipeline.extraction.capture_request import CaptureRequest, Mode
from hedgehog_pipeline.model.tables import Fact
from hedgehog_pipeline.runner.execute import execute
from hedgehog_pipeline.storage.views import current_view
from hedgehog_pipeline_tests.support.demo_model import SOURCE, STAR
from hedgehog_pipeline_tests.support.world import World

_NOW = "current_timestamp at time zone 'utc'"


def _keys_differ(world: World) -> dict[str, tuple[set[int], set[int]]]:
    """Return, per table that differs, the missing keys and the unexpected ones."""
    found: dict[str, tuple[set[int], set[int]]] = {}
    for star in STAR.values():
        if not star.subject:
            continue
        current = f"{star.name} where not deleted"
        if isinstance(star, Fact):
            current = current_view(star)
        keys = {key for (key,) in world.query(f"select {star.key.name} from {current}")}
        query = f"select {SOURCE[star.subject].key} from {star.subject}".encode()
        wanted = {key for (key,) in world.shop.execute(query).fetchall()}
        if keys != wanted:
            found[star.name] = (wanted - keys, keys - wanted)
    return found


def _delete_order(world: World) -> None:
    world.shop.execute("delete from payment where transaction_id = 1")
    world.shop.execute("delete from transaction where transaction_id = 1")
    world.shop.execute("delete from sales_order where sales_order_id = 1")


def test_a_deleted_row_leaves_the_current_views_and_its_history_stays(opened: World):
    _delete_order(opened)
    opened.detect_deletes()
    assert _keys_differ(opened) == {}
    assert opened.query("select count(*) from fact_sales_order where sales_order_id = 1") == [(1,)]
    assert opened.query("select deleted from dim_transaction where transaction_id = 1") == [(True,)]
    assert opened.query("select table_name, key from hedgehog.tombstones order by table_name") == [
        ("fact_payment", 1),
        ("fact_sales_order", 1),
    ]


def test_a_second_delete_detection_without_changes_lands_nothing(opened: World):
    opened.detect_deletes()
    landed = opened.deployment.lake.ingestion.end()
    opened.detect_deletes()
    assert opened.deployment.lake.ingestion.end() == landed


def test_delete_detection_reads_the_keys_of_the_last_one_and_of_later_commits(world: World):
    world.load_small()
    world.shop.execute("insert into currency values (3, 'EUR', 'now', 'now')")
    world.run()
    world.detect_deletes()
    world.shop.execute("insert into currency values (4, 'CHF', 'now', 'now')")
    world.run()
    world.shop.execute("delete from currency where currency_id in (3, 4)")
    world.detect_deletes()
    deleted = world.query("select currency_id from dim_currency where deleted order by 1")
    assert deleted == [(3,), (4,)]


def test_a_dimension_gets_only_the_deletions_of_its_own_commit(world: World):
    world.load_small()
    world.shop.execute("insert into currency values (3, 'EUR', 'now', 'now')")
    world.shop.execute("insert into currency values (4, 'CHF', 'now', 'now')")
    world.run()
    for key in (3, 4):
        world.shop.execute("delete from currency where currency_id = %s", [key])
        world.detect_deletes()
    last = world.deployment.lake.processed.head()
    assert last is not None
    assert [part.rows for part in last.parts_of("star/dim_currency")] == [1]


def test_a_row_that_was_deleted_before_it_was_captured_adds_no_member(opened: World):
    opened.shop.execute("insert into currency values (4, 'CHF', 'now', 'now')")
    opened.detect_deletes()
    opened.shop.execute("delete from currency where currency_id = 4")
    opened.detect_deletes()
    opened.run()
    assert opened.query("select count(*) from dim_currency where currency_id = 4") == [(0,)]


def test_a_member_whose_department_was_deleted_has_no_department(opened: World):
    opened.shop.execute("alter table staff drop constraint if exists staff_department_id_fkey")
    opened.shop.execute("delete from department where department_id = 1")
    opened.detect_deletes()
    members = opened.query(
        "select department_name, deleted from dim_staff where department_name = 'Not known'"
    )
    assert members
    assert not any(deleted for _, deleted in members)


def test_a_deleted_member_stays_deleted_when_its_department_changes(world: World):
    world.load_small()
    world.shop.execute("insert into staff values (99, 'Ada', 'Byron', 1, 'a@x', 'now', 'now')")
    world.run()
    world.shop.execute("delete from staff where staff_id = 99")
    world.detect_deletes()
    world.shop.execute("update department set department_name = 'Trade' where department_id = 1")
    world.run()
    member = world.query(
        "select first_name, department_name, deleted from dim_staff where staff_id = 99"
    )
    assert member == [("Ada", "Trade", True)]


@pytest.mark.parametrize(
    ("seed", "count"),
    [(0, 3), *(pytest.param(seed, 5, marks=pytest.mark.torture) for seed in range(1, 6))],
)
def test_rows_deleted_and_inserted_again_match_the_source_whatever_is_replayed(
    world: World, seed: int, count: int
):
    world.load_small()
    world.shop.execute("insert into currency values (3, 'EUR', 'now', 'now')")
    world.run()
    chance = random.Random(seed)
    steps: list[Callable[[], object]] = [
        lambda: world.shop.execute("delete from currency where currency_id = 3"),
        lambda: world.shop.execute("insert into currency values (3, 'CHF', 'now', 'now')"),
        lambda: world.shop.execute("delete from currency where currency_id = 3"),
        lambda: _delete_order(world),
        lambda: world.shop.execute("insert into currency values (3, 'CHF', 'now', 'now')"),
    ]
    for step in steps[:count]:
        step()
        world.run()
        world.detect_deletes()
        assert _keys_differ(world) == {}
        _replay_some(world, chance)
        assert _keys_differ(world) == {}


def _replay_some(world: World, chance: random.Random) -> None:
    """Process or load everything again, in any order."""
    for stage in chance.choices(["processing", "storage"], k=2):
        world.launch(stage)
    world.run()


def test_delete_detection_before_the_initial_load_is_complete_is_refused(world: World):
    world.load_small()
    settings = replace(world.settings, slice_rows=5)
    today = datetime.now(timezone.utc).date()
    execute(Deployment(settings), "extraction", today)
    with pytest.raises(HedgehogError, match="initial load of the source is not complete"):
        execute(Deployment(settings), "extraction", today, request=CaptureRequest(Mode.SWEEP))


def test_a_mass_delete_must_be_confirmed_and_nothing_lands_before(world: World):
    world.load_archive(300)
    world.run()
    world.detect_deletes()
    landed = world.deployment.lake.ingestion.end()
    world.shop.execute("delete from payment where payment_id % 2 = 0")
    with pytest.raises(HedgehogError, match=r"deleted .* rows of payment\. Is that intended"):
        world.detect_deletes(allow_mass_delete=False)
    assert world.deployment.lake.ingestion.end() == landed
    world.detect_deletes()
    assert _keys_differ(world) == {}


def test_an_empty_table_must_be_confirmed_however_small(opened: World):
    opened.shop.execute("truncate payment")
    with pytest.raises(HedgehogError, match="rows of payment"):
        opened.detect_deletes(allow_mass_delete=False)


def test_delete_detection_lands_the_keys_of_every_table_and_the_tombstones(opened: World):
    _delete_order(opened)
    opened.detect_deletes()
    head = opened.deployment.lake.ingestion.head()
    assert head is not None
    assert (head.number, head.kind) == (2, "sweep")
    read = opened.s3.get_object
    tombstones = {
        part.asset: read(Bucket=opened.settings.ingestion_bucket, Key=part.key)["Body"].read()
        for part in head.parts
        if part.kind == "tombstones"
    }
    assert tombstones == {
        "oltp/payment": b"payment_id\n1\n",
        "oltp/transaction": b"transaction_id\n1\n",
        "oltp/sales_order": b"sales_order_id\n1\n",
    }
    with_keys = {part.asset for part in head.parts if part.kind == "keys"}
    assert with_keys == {f"oltp/{table}" for table in SOURCE} - {"oltp/sales_order"}
