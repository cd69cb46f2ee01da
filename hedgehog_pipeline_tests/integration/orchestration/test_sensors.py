"""The runs that the sensors launch, and for which live runs they wait."""

from collections.abc import Iterator
from dataclasses import replace
from functools import partial

import pytest
from dagster import (
    DagsterInstance,
    DagsterRun,
    DagsterRunStatus,
    RunRequest,
    build_sensor_context,
)
from dagster._core.definitions.sensor_definition import SensorExecutionData

from hedgehog_pipeline.definitions import platform
from hedgehog_pipeline.orchestration.run_status import record_attempt
from hedgehog_pipeline.scheduling.run_tags import COMMITS_TAG, PENDING_TAGS
from hedgehog_pipeline_tests.support.servers import Servers
from hedgehog_pipeline_tests.support.ticks import own_tags, shop_tick
from hedgehog_pipeline_tests.support.world import World


@pytest.fixture(scope="module")
def landed(servers: Servers) -> Iterator[World]:
    """An initial load in several commits, none of them processed; two runs may share them."""
    with World.make(servers) as world:
        world.load_small()
        settings = replace(world.settings, slice_rows=5, processing_runs=2)
        sliced = replace(world, settings=settings)
        while not sliced.deployment.initial_load_landed():
            sliced.launch("extraction")
        yield sliced


@pytest.fixture
def instance() -> Iterator[DagsterInstance]:
    with DagsterInstance.ephemeral() as instance:
        yield instance


def _begin(
    world: World, instance: DagsterInstance, commits: str | None, job: str = "processing"
) -> DagsterRun:
    run = instance.create_run_for_job(
        platform(world.settings).resolve_job_def(job),
        status=DagsterRunStatus.STARTED,
        tags={COMMITS_TAG: commits} if commits else {},
    )
    instance.report_engine_event("Running.", run)
    return run


def _tick(world: World, instance: DagsterInstance, sensor: str) -> SensorExecutionData:
    repository = platform(world.settings).get_repository_def()
    context = build_sensor_context(instance=instance, repository_def=repository)
    return repository.get_sensor_def(sensor).evaluate_tick(context)


def _launched(world: World, instance: DagsterInstance) -> list[str]:
    """Return the commits of each run that a tick launches."""
    tick = _tick(world, instance, "ingestion_log")
    return [request.tags[COMMITS_TAG] for request in tick.run_requests or []]


def _all_but(world: World, *numbers: int) -> str:
    end = world.deployment.lake.ingestion.end()
    return ",".join(str(n) for n in range(1, end + 1) if n not in numbers)


def test_few_pending_commits_are_taken_by_one_run(landed: World, instance: DagsterInstance):
    assert _launched(landed, instance) == [_all_but(landed)]


def test_a_second_run_takes_the_commits_that_a_live_run_does_not(
    landed: World, instance: DagsterInstance
):
    _begin(landed, instance, "1,2")
    assert _launched(landed, instance) == [_all_but(landed, 1, 2)]


def test_no_more_runs_are_launched_than_are_allowed(landed: World, instance: DagsterInstance):
    _begin(landed, instance, "1")
    _begin(landed, instance, "2")
    assert _launched(landed, instance) == []


def test_a_live_run_of_all_pending_commits_blocks_others(landed: World, instance: DagsterInstance):
    _begin(landed, instance, None)
    assert _launched(landed, instance) == []


def test_commits_that_failed_alone_wait_for_their_next_attempt(
    landed: World, instance: DagsterInstance
):
    for number in _all_but(landed).split(","):
        run = _begin(landed, instance, number)
        record_attempt(
            instance, run, "processing", [landed.deployment.lake.ingestion.read(int(number))]
        )
        instance.report_run_failed(run)
    message = _tick(landed, instance, "ingestion_log").skip_message or ""
    assert "commits failed and wait for their next attempt" in message


def test_a_change_is_launched_at_the_first_scan_that_sees_it(
    world: World, instance: DagsterInstance
):
    world.load_small()
    world.run()
    assert shop_tick(world, instance) == "The source has no changes."
    request = shop_tick(world, instance, _nothing, lambda: _add_currency(world), _never)
    assert isinstance(request, RunRequest)
    assert (request.job_name, own_tags(request.tags)) == ("pipeline", PENDING_TAGS)
    assert _tick(world, instance, "ingestion_log").skip_message == "No commit is pending."


def test_a_change_during_a_run_is_launched_as_soon_as_the_run_ends(
    world: World, instance: DagsterInstance
):
    world.load_small()
    run = _begin(world, instance, None, "pipeline")
    assert shop_tick(world, instance) == "A capture is running."
    ends = partial(instance.report_run_canceled, run)
    assert isinstance(shop_tick(world, instance, _nothing, ends, _never), RunRequest)


def test_a_run_that_others_launch_within_a_tick_blocks_the_sensor(
    world: World, instance: DagsterInstance
):
    world.load_small()
    world.run()

    def sweep_and_change() -> None:
        _begin(world, instance, None, "pipeline")
        _add_currency(world)

    assert shop_tick(world, instance, sweep_and_change) == "A capture is running."


def _add_currency(world: World) -> None:
    world.shop.execute("insert into currency values (9, 'CHF', 'now', 'now')")


def _nothing() -> None:
    """Let half a second pass."""


def _never() -> None:
    raise AssertionError("It scanned once more.")
