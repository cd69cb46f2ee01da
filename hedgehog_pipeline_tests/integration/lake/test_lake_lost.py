"""A bucket that was emptied, swapped or rolled back is reported before anything is written.

Then either it is restored, or everything after it in the pipeline is rebuilt.
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, timezone
from itertools import count

import pytest
from dagster import DagsterInstance

from hedgehog_pipeline.errors import HedgehogError, LakeMismatchError
from hedgehog_pipeline.lake.log import commit_key
from hedgehog_pipeline.runner.execute import execute
from hedgehog_pipeline_tests.integration.runner.test_rebuild import rows_to_compare
from hedgehog_pipeline_tests.support.capturing import capture
from hedgehog_pipeline_tests.support.ticks import shop_tick
from hedgehog_pipeline_tests.support.warehouse_rows import assert_warehouse_is_the_shop
from hedgehog_pipeline_tests.support.world import Servers, World, reset_process_caches

Damage = Callable[[World, World], World]
"""Damages a world, or gives it buckets of another one."""

_NAMES = count()


@pytest.fixture(scope="module")
def original(servers: Servers) -> Iterator[World]:
    """A small shop and three changes, each in a commit of its own, all of it in the warehouse."""
    with World.make(servers) as world:
        _trade(world, 3)
        yield world


@pytest.fixture
def traded(original: World) -> Iterator[World]:
    """A copy of the original, to be damaged."""
    with original.copied() as world:
        yield world


@pytest.fixture(scope="module")
def other(servers: Servers) -> Iterator[World]:
    """Another deployment, whose logs are longer."""
    with World.make(servers) as world:
        _trade(world, 5)
        yield world


def _trade(world: World, changes: int) -> None:
    world.load_small()
    world.run()
    for _ in range(changes):
        _change(world)
        world.run()


def _change(world: World) -> None:
    world.shop.execute("update staff set last_name = %s", [f"Name {next(_NAMES)}"])


def _bucket(world: World, layer: str) -> str:
    return getattr(world.settings, f"{layer}_bucket")


def _emptied(*layers: str) -> Damage:
    def damage(world: World, _other: World) -> World:
        for layer in layers:
            _remove(world, layer, world.keys(_bucket(world, layer)))
        return world

    return damage


def _rolled_back(*layers: str) -> Damage:
    """Delete the last two commits."""

    def damage(world: World, _other: World) -> World:
        for layer in layers:
            keys = world.keys(_bucket(world, layer))
            _remove(world, layer, [key for key in keys if key.startswith("commits/")][-2:])
        return world

    return damage


def _remove(world: World, layer: str, keys: list[str]) -> None:
    for key in keys:
        world.s3.delete_object(Bucket=_bucket(world, layer), Key=key)


def _grown(world: World, _other: World) -> World:
    """Capture changes with a helper that does not check the log behind it."""
    for _ in range(4):
        _change(world)
        capture(world)
    return world


def _processed_again(world: World, _other: World) -> World:
    for _ in range(4):
        _change(world)
        capture(world)
        waiting = world.deployment.commits_to_process()
        execute(world.deployment, "processing", waiting[0].date, waiting)
    return world


def _restated(world: World, _other: World) -> World:
    """End the processed log with a restatement of the first commit alone."""
    lake = world.deployment.lake
    first = lake.ingestion.read(1)
    execute(world.deployment, "processing", first.date, [first], replay=True)
    execute(world.deployment, "storage", first.date, [lake.processed.read(5)])
    return world


def _swapped(*layers: str) -> Damage:
    def damage(world: World, other: World) -> World:
        buckets = {f"{layer}_bucket": _bucket(other, layer) for layer in layers}
        return replace(world, settings=replace(world.settings, **buckets))

    return damage


_EMPTIED = "there is no such commit now: the bucket was emptied"
_ROLLED_BACK = "there is no such commit now: the bucket was rolled back to commit 2"
_GROWN = "its batch is .* now: the bucket was rolled back and has grown since"
_OTHER = "now: the bucket is another lake's, or was emptied and started again"

DAMAGES: dict[str, tuple[list[Damage], str, str]] = {
    "ingestion emptied": ([_emptied("ingestion")], "processed", _EMPTIED),
    "ingestion rolled back": ([_rolled_back("ingestion")], "processed", _ROLLED_BACK),
    "ingestion rolled back and grown": (
        [_rolled_back("ingestion"), _grown],
        "processed",
        _GROWN,
    ),
    "ingestion rolled back after a restatement": (
        [_restated, _rolled_back("ingestion")],
        "processed",
        _ROLLED_BACK,
    ),
    "ingestion rolled back after a restatement and grown": (
        [_restated, _rolled_back("ingestion"), _grown],
        "processed",
        _GROWN,
    ),
    "ingestion emptied and started again": ([_emptied("ingestion"), _grown], "processed", _OTHER),
    "ingestion swapped": ([_swapped("ingestion")], "processed", _OTHER),
    "processed emptied": ([_emptied("processed")], "warehouse", _EMPTIED),
    "processed rolled back": ([_rolled_back("processed")], "warehouse", _ROLLED_BACK),
    "processed rolled back and grown": (
        [_rolled_back("processed"), _processed_again],
        "warehouse",
        _GROWN,
    ),
    "processed swapped": ([_swapped("processed")], "processed", _OTHER),
    "both emptied": ([_emptied("ingestion", "processed")], "warehouse", _EMPTIED),
    "both rolled back": ([_rolled_back("ingestion", "processed")], "warehouse", _ROLLED_BACK),
    "both swapped": ([_swapped("ingestion", "processed")], "warehouse", _OTHER),
}
_REMEDIES = {
    "processed": "name a new processed bucket and an empty database .* run `hedgehog run`",
    "warehouse": "name an empty database .* run `hedgehog rebuild`",
}


@pytest.mark.parametrize("name", DAMAGES)
def test_a_damaged_lake_is_reported_and_nothing_is_written(
    traded: World, other: World, name: str
) -> None:
    damages, holder, happened = DAMAGES[name]
    for damage in damages:
        traded = damage(traded, other)
    _change(traded)
    before = _contents(traded)
    words = f"(?i){holder}.* refers to commit .*{happened}.*{_REMEDIES[holder]}"
    deployment = traded.deployment
    for operation in (traded.run, deployment.has_pending_commits, deployment.seconds_behind):
        with pytest.raises(HedgehogError, match=words):
            operation()
    assert _contents(traded) == before


def test_a_capture_lands_nothing_in_a_swapped_bucket(traded: World, other: World) -> None:
    swapped = _swapped("ingestion")(traded, other)
    before = _contents(swapped)
    with pytest.raises(HedgehogError, match=_OTHER):
        execute(swapped.deployment, "extraction", datetime.now(timezone.utc).date(), [])
    assert _contents(swapped) == before


def test_a_run_for_named_commits_loads_nothing_of_another_lake(traded: World, other: World) -> None:
    swapped = _swapped("processed")(traded, other)
    before = _contents(swapped)
    commit = other.deployment.lake.processed.read(6)
    with pytest.raises(HedgehogError, match=f"The warehouse refers to commit 4 .*{_OTHER}"):
        execute(swapped.deployment, "storage", commit.date, [commit])
    assert _contents(swapped) == before


def test_commits_that_were_not_processed_may_be_rolled_back(traded: World) -> None:
    for _ in range(2):
        _change(traded)
        capture(traded)
    _rolled_back("ingestion")(traded, traded).run()
    assert_warehouse_is_the_shop(traded)


def test_the_source_is_captured_while_the_warehouse_is_unreachable(traded: World) -> None:
    unreachable = traded.with_warehouse("nowhere")
    _change(unreachable)
    assert unreachable.deployment.has_pending_commits()
    with pytest.raises(HedgehogError, match=r"warehouse database nowhere .* cannot be reached"):
        unreachable.run()
    assert len(unreachable.commits(_bucket(unreachable, "ingestion"))) == 5


def test_a_lost_processed_bucket_is_rebuilt_with_an_empty_warehouse(traded: World) -> None:
    _restated(traded, traded)
    rows = rows_to_compare(traded, "processed_commit")
    _emptied("processed")(traded, traded)
    rebuilt = traded.with_warehouse(traded.new_database())
    assert {run.stage for run in rebuilt.rebuild()} == {"processing", "storage"}
    assert rows_to_compare(rebuilt, "processed_commit") == rows
    rebuilt.run()
    assert_warehouse_is_the_shop(rebuilt)


@pytest.mark.parametrize("damage", [_emptied("ingestion"), _rolled_back("ingestion")])
def test_the_rest_of_the_ingestion_bucket_and_the_source_rebuild_the_others(
    traded: World, servers: Servers, damage: Damage
) -> None:
    damage(traded, traded)
    _change(traded)
    processed = f"{_bucket(traded, 'processed')}-new"
    servers.make_bucket(processed)
    settings = replace(traded.settings, processed_bucket=processed)
    rebuilt = replace(traded, settings=settings).with_warehouse(traded.new_database())
    rebuilt.run()
    assert_warehouse_is_the_shop(rebuilt)


@pytest.mark.parametrize("layers", [("ingestion",), ("processed",), ("ingestion", "processed")])
def test_buckets_with_restored_versions_work_again(traded: World, layers: tuple[str, ...]) -> None:
    for layer in layers:
        versioning = {"Status": "Enabled"}
        traded.s3.put_bucket_versioning(
            Bucket=_bucket(traded, layer), VersioningConfiguration=versioning
        )
    _emptied(*layers)(traded, traded)
    _change(traded)
    with pytest.raises(HedgehogError, match=_EMPTIED):
        traded.run()
    for layer in layers:
        bucket = _bucket(traded, layer)
        for marker in traded.s3.list_object_versions(Bucket=bucket)["DeleteMarkers"]:
            traded.s3.delete_object(Bucket=bucket, Key=marker["Key"], VersionId=marker["VersionId"])
    assert [run.stage for run in traded.run()] == ["extraction", "processing", "storage"]
    assert_warehouse_is_the_shop(traded)


@pytest.mark.parametrize("layer", ["ingestion", "processed"])
def test_a_commit_that_is_missing_is_reported_by_a_run_and_a_rebuild(
    traded: World, layer: str
) -> None:
    _remove(traded, layer, [commit_key(2)])
    before = _contents(traded)
    words = f"{commit_key(2)}.* is missing from the bucket {_bucket(traded, layer)}"
    with pytest.raises(HedgehogError, match=words):
        traded.run()
    assert _contents(traded) == before
    rebuilt = traded.with_warehouse(traded.new_database())
    with pytest.raises(HedgehogError, match=words):
        rebuilt.rebuild()


def test_a_capture_lands_nothing_below_a_gap(servers: Servers) -> None:
    with World.make(servers) as world:
        world.load_small()
        for _ in range(4):
            _change(world)
            capture(world)
        _remove(world, "ingestion", [commit_key(2)])
        reset_process_caches()
        with pytest.raises(HedgehogError, match=f"{commit_key(2)}.* is missing"):
            capture(world)
        assert len(world.commits(_bucket(world, "ingestion"))) == 3


@pytest.mark.parametrize(
    ("layer", "missing", "waiting"), [("ingestion", 2, 0), ("ingestion", 3, 1), ("processed", 3, 0)]
)
def test_a_gap_that_no_run_meets_is_reported_by_the_lag_and_nothing_lands(
    traded: World, layer: str, missing: int, waiting: int
) -> None:
    for _ in range(waiting):
        _change(traded)
        capture(traded)
    reset_process_caches()
    assert traded.deployment.seconds_behind() >= 0
    _remove(traded, layer, [commit_key(missing)])
    _change(traded)
    before = _contents(traded)
    words = f"{commit_key(missing)} is missing from the bucket {_bucket(traded, layer)}"
    with pytest.raises(LakeMismatchError, match=words):
        traded.deployment.seconds_behind()
    reset_process_caches()
    with pytest.raises(LakeMismatchError, match=words):
        execute(traded.deployment, "extraction", datetime.now(timezone.utc).date(), [])
    assert _contents(traded) == before


@pytest.mark.parametrize("layer", ["ingestion", "processed"])
def test_the_sensors_land_nothing_in_a_lake_whose_log_was_damaged(
    traded: World, layer: str
) -> None:
    bucket, key = _bucket(traded, layer), commit_key(4)
    body = traded.s3.get_object(Bucket=bucket, Key=key)["Body"].read()
    traded.s3.put_object(Bucket=bucket, Key=key, Body=body[:-9])
    _change(traded)
    words = f"{key} is not one of its commits, it was cut or altered"
    with DagsterInstance.ephemeral() as instance, pytest.raises(LakeMismatchError, match=words):
        shop_tick(traded, instance)


@pytest.mark.parametrize("layer", ["ingestion", "processed"])
def test_a_rebuild_reports_a_part_that_was_cut(traded: World, layer: str) -> None:
    bucket = _bucket(traded, layer)
    key = next(key for key in traded.keys(bucket) if key.startswith(("oltp/design", "star/dim_de")))
    body = traded.s3.get_object(Bucket=bucket, Key=key)["Body"].read()
    traded.s3.put_object(Bucket=bucket, Key=key, Body=body[: len(body) // 2])
    if layer == "ingestion":
        _emptied("processed")(traded, traded)
    rebuilt = traded.with_warehouse(traded.new_database())
    with pytest.raises(HedgehogError, match=f"{key} in the bucket {bucket} was altered"):
        rebuilt.rebuild()


def test_a_rebuild_reports_commits_that_were_exchanged(traded: World) -> None:
    bucket, (second, third) = _bucket(traded, "processed"), (commit_key(2), commit_key(3))
    for key, other in ((second, f"{third}.kept"), (third, second), (f"{third}.kept", third)):
        traded.s3.copy_object(Bucket=bucket, Key=other, CopySource={"Bucket": bucket, "Key": key})
    rebuilt = traded.with_warehouse(traded.new_database())
    with pytest.raises(HedgehogError, match=r"contains commit [23]: commits were exchanged"):
        rebuilt.rebuild()


def test_a_lake_that_was_written_without_digests_still_works(traded: World) -> None:
    for layer in ("ingestion", "processed"):
        bucket = _bucket(traded, layer)
        for number, commit in enumerate(traded.commits(bucket), start=1):
            for part in commit["parts"]:
                assert part.pop("sha256")
            key, body = commit_key(number), json.dumps(commit)
            traded.s3.put_object(Bucket=bucket, Key=key, Body=body)
    _change(traded)
    traded.run()
    rebuilt = traded.with_warehouse(traded.new_database())
    rebuilt.rebuild()
    assert_warehouse_is_the_shop(rebuilt)


def _contents(world: World) -> list[object]:
    return [
        *(world.keys(_bucket(world, layer)) for layer in ("ingestion", "processed")),
        world.all_rows(),
    ]
