"""When the report is made anew."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta, timezone

import pytest
from dagster import DagsterInstance, DagsterRun, DagsterRunStatus, build_sensor_context
from dagster._core.definitions.sensor_definition import SensorExecutionData

from hedgehog_pipeline.definitions import platform
from hedgehog_pipeline.report.loaded_commits import LoadedCommits
from hedgehog_pipeline.report.making import make_report
from hedgehog_pipeline.report.pending import PAUSE, is_due
from hedgehog_pipeline_tests.world import World


@pytest.fixture
def instance() -> Iterator[DagsterInstance]:
    with DagsterInstance.ephemeral() as instance:
        yield instance


def _tick(world: World, instance: DagsterInstance) -> SensorExecutionData:
    repository = platform(world.settings).get_repository_def()
    context = build_sensor_context(instance=instance, repository_def=repository)
    return repository.get_sensor_def("report").evaluate_tick(context)


def _make(world: World) -> None:
    with world.deployment.warehouse() as warehouse:
        bucket = world.deployment.lake.processed.bucket
        make_report(warehouse, bucket, datetime.now(timezone.utc))


def _is_due(world: World, later: timedelta = PAUSE) -> bool:
    place = world.deployment
    moment = datetime.now(timezone.utc) + later
    return is_due(place.lake.processed.bucket, place.warehouse, moment)


def _begin(world: World, instance: DagsterInstance, **tags: str) -> DagsterRun:
    run = instance.create_run_for_job(
        platform(world.settings).resolve_job_def("report"),
        status=DagsterRunStatus.STARTED,
        tags=tags,
    )
    instance.report_engine_event("at work", run)
    return run


def test_a_load_makes_one_run_of_no_day(world: World, instance: DagsterInstance):
    assert not _tick(world, instance).run_requests
    world.load_small()
    world.run()
    (request,) = _tick(world, instance).run_requests or []
    assert request.partition_key is None


def test_several_commits_make_one_page_and_a_page_that_tells_all_is_left(opened: World):
    _make(opened)
    assert not _is_due(opened)
    for code in ("CHF", "SEK"):
        opened.shop.execute(
            "insert into currency select max(currency_id) + 1, %s, 'now', 'now' from currency",
            [code],
        )
        opened.run()
    assert not _is_due(opened, timedelta(0))
    assert _is_due(opened)
    _make(opened)
    assert not _is_due(opened)


def test_the_day_after_the_page_is_made_anew_because_payments_are_a_day_later(opened: World):
    _make(opened)
    assert _is_due(opened, timedelta(days=1))


def test_a_commit_that_comes_late_is_told_of():
    before = LoadedCommits(9, "batch", 8)
    assert replace(before, count=9).mark != before.mark


def test_an_archive_on_its_way_is_waited_for(world: World):
    world.load_small()
    sliced = replace(world, settings=replace(world.settings, slice_rows=5))
    sliced.launch("extraction")
    sliced.launch("processing")
    sliced.launch("storage")
    assert world.query("select count(*) from hedgehog.commits") == [(1,)]
    assert not _is_due(world)
    world.run()
    assert _is_due(world)


def test_one_report_is_made_at_a_time_and_what_failed_is_tried_after_a_pause(
    opened: World, instance: DagsterInstance
):
    run = _begin(opened, instance, **{"dagster/sensor_name": "report"})
    assert _tick(opened, instance).skip_message == "A report is being made."
    instance.report_run_failed(run)
    message = _tick(opened, instance).skip_message or ""
    assert message == "The last 1 runs failed; the next is tried after a pause."
