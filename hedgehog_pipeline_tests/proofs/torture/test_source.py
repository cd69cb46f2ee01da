"""Captures of a shop under many concurrent writes: no version is lost or doubled."""

from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from hedgehog_pipeline.errors import HedgehogError
from hedgehog_pipeline.lake.commits import IngestionCommit
from hedgehog_pipeline.reconciliation.reconcile import reconcile
from hedgehog_pipeline_tests.proofs.torture.writers import Writers
from hedgehog_pipeline_tests.support.capturing import capture, capturing
from hedgehog_pipeline_tests.support.demo_model import RECONCILED, SOURCE
from hedgehog_pipeline_tests.support.history import keep_history
from hedgehog_pipeline_tests.support.landed import landed
from hedgehog_pipeline_tests.support.odd_shop import seed
from hedgehog_pipeline_tests.support.oracle import judge
from hedgehog_pipeline_tests.support.warehouse_rows import assert_warehouse_is_the_shop
from hedgehog_pipeline_tests.support.world import Servers, World

_REASONS = {
    "have been locked by another session": "locked out",
    "do not match their declaration": "refused",
    "was renamed while its tables were read": "renamed meanwhile",
}


@pytest.fixture
def world(servers: Servers) -> Iterator[World]:
    """A shop whose initial load has several slices."""
    with World.make(servers, slice_rows=300, part_bytes=20_000) as world:
        seed(world, 900)
        keep_history(world)
        yield world


def test_each_capture_lands_what_became_visible_since_the_one_before_and_nothing_else(
    world: World, tell: Callable[[str], None]
):
    for line in _torture(world, Writers(world, sessions=6, seed=1), captures=20, versions=3_000):
        tell(line)


@pytest.mark.torture
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("seed", [2, 3])
def test_hundreds_of_captures_land_each_version_once(
    world: World, tell: Callable[[str], None], seed: int
):
    writers = Writers(world, sessions=8, seed=seed)
    for line in _torture(world, writers, captures=500, versions=200_000):
        tell(line)


def _torture(world: World, writers: Writers, *, captures: int, versions: int) -> Iterator[str]:
    """Write and capture until there are enough of both; then compare everything with the shop."""
    not_captured: Counter[str] = Counter()

    def enough() -> bool:
        (written,) = world.shop.execute("select count(*) from history").fetchall()[0]
        return writers.captures >= captures and written >= versions

    def keep_capturing(rest: int) -> None:
        while not enough():
            writers.await_captures(rest)
            commit = _commit_or_reason(world)
            if isinstance(commit, str):
                not_captured[commit] += 1
                writers.refused += commit == "refused"
            else:
                writers.captures += 1
                if commit.completes_initial_load(SOURCE):
                    writers.altering.set()

    with writers.at_work(), ThreadPoolExecutor(2) as threads:
        capturers = [threads.submit(keep_capturing, rest) for rest in (0, 4)]
        for capturer in capturers:
            capturer.result()
    _capture_the_rest(world)
    verdict = judge(world)
    yield f"torture of the source: {verdict}; {dict(not_captured)}"
    yield f"torture of the source: {dict(sorted(writers.did.items()))}"
    assert not verdict.lost
    assert not verdict.doubled
    assert writers.did.keys() >= {"committed", "rolled back", "with savepoints", "prepared"}

    world.run()
    _assert_history_is_complete(world)
    world.detect_deletes()
    assert_warehouse_is_the_shop(world)
    _assert_nothing_differs(world)


def _capture_the_rest(world: World) -> None:
    """Capture what the writers left; a table that they just replaced needs several slices."""
    capture(world)
    log = world.deployment.lake.ingestion
    while (head := log.head()) and not head.completes_initial_load(SOURCE):
        capture(world)
    capture(world)  # what was written above the horizon of the slices


def _commit_or_reason(world: World) -> IngestionCommit | str:
    """Capture the shop once; return the commit, or the reason why there is none."""
    try:
        with capturing(world) as finish:
            return finish() or "let go"
    except HedgehogError as error:
        for text, reason in _REASONS.items():
            if text in str(error):
                return reason
        raise


def _assert_nothing_differs(world: World) -> None:
    shop = world.deployment.source.open_snapshot
    with world.deployment.warehouse() as warehouse:
        for found in reconcile(world.deployment.lake, warehouse, shop, list(RECONCILED.values())):
            assert found.verdict == "ok", str(found)


def _assert_history_is_complete(world: World) -> None:
    """Check that each landed version is in its fact once."""
    rows = landed(world)
    for table in ("sales_order", "payment"):
        of_table = {(row[1], row[3]) for row in rows if row[0] == table}
        stamp = "concat_ws(' ', last_updated_date, last_updated_time)"
        facts = world.query(f"select {table}_id::text, {stamp} from fact_{table}")
        assert len(facts) == len(set(facts))
        assert set(facts) == of_table
