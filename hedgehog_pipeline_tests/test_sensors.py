"""What the sensors on the logs launch while other runs are at work."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
from dagster import DagsterInstance, DagsterRunStatus, build_sensor_context

from hedgehog_pipeline.definitions import platform
from hedgehog_pipeline.runs import COMMITS_TAG
from hedgehog_pipeline_tests.servers import Servers
from hedgehog_pipeline_tests.world import World


@pytest.fixture(scope="module")
def landed(servers: Servers) -> Iterator[World]:
    """An archive of several commits, none of them processed; two runs may share them."""
    with World.make(servers) as world:
        world.load_small()
        settings = replace(world.settings, slice_rows=5, processing_runs=2)
        sliced = replace(world, settings=settings)
        while not sliced.surroundings.archive_landed():
            sliced.launch("extraction")
        yield sliced


@pytest.fixture
def instance() -> Iterator[DagsterInstance]:
    with DagsterInstance.ephemeral() as instance:
        yield instance


def _begin(world: World, instance: DagsterInstance, commits: str | None) -> None:
    run = instance.create_run_for_job(
        platform(world.settings).resolve_job_def("processing"),
        status=DagsterRunStatus.STARTED,
        tags={COMMITS_TAG: commits} if commits else {},
    )
    instance.report_engine_event("at work", run)


def _launched(world: World, instance: DagsterInstance) -> list[str]:
    """Give the commits of each run that a tick launches."""
    repository = platform(world.settings).get_repository_def()
    context = build_sensor_context(instance=instance, repository_def=repository)
    tick = repository.get_sensor_def("ingestion_log").evaluate_tick(context)
    return [request.tags[COMMITS_TAG] for request in tick.run_requests or []]


def _all_but(world: World, *numbers: int) -> str:
    end = world.surroundings.lake.ingestion.end()
    return ",".join(str(n) for n in range(1, end + 1) if n not in numbers)


def test_what_waits_is_taken_by_one_run_where_it_is_little(
    landed: World, instance: DagsterInstance
):
    assert _launched(landed, instance) == [_all_but(landed)]


def test_beside_a_run_another_takes_what_that_one_does_not(
    landed: World, instance: DagsterInstance
):
    _begin(landed, instance, "1,2")
    assert _launched(landed, instance) == [_all_but(landed, 1, 2)]


def test_no_more_runs_are_at_work_than_are_allowed(landed: World, instance: DagsterInstance):
    _begin(landed, instance, "1")
    _begin(landed, instance, "2")
    assert _launched(landed, instance) == []


def test_a_run_that_takes_what_waits_is_waited_for(landed: World, instance: DagsterInstance):
    _begin(landed, instance, None)
    assert _launched(landed, instance) == []
