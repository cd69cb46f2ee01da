"""The sensor `report`: when it launches the job."""

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
from hedgehog_pipeline_tests.support.world import World


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
    deployment = world.deployment
    now = datetime.now(timezone.utc) + later
    return is_due(deployment.lake.processed.bucket, deployment.warehouse, now)


def _begin(world: World, instance: DagsterInstance, **tags: str) -> DagsterRun:
    run = instance.create_run_for_job(
        platform(world.settings).resolve_job_def("report"),
        status=DagsterRunStatus.STARTED,
        tags=tags,
    )
    instance.report_engine_event("at work", run)
    return run


def test_a_load_launches_one_run_without_partition(world: World, instance: DagsterInstance):
    assert not _tick(world, instance).run_requests
    world.load_small()
    world.run()
    (request,) = _tick(world, instance).run_requests or []
    assert request.partition_key is None


def test_several_commits_make_one_page_and_a_current_page_is_kept(opened: World):
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


def test_a_page_of_yesterday_is_due_because_payments_are_a_day_later(opened: World):
    _make(opened)
    assert _is_due(opened, timedelta(days=1))


def test_a_commit_that_is_loaded_out_of_order_changes_the_fingerprint():
    before = LoadedCommits(9, "batch", 8)
    assert replace(before, count=9).fingerprint != before.fingerprint


def test_no_page_is_due_during_the_initial_load(world: World):
    world.load_small()
    sliced = replace(world, settings=replace(world.settings, slice_rows=5))
    sliced.launch("extraction")
    sliced.launch("processing")
    sliced.launch("storage")
    assert world.query("select count(*) from hedgehog.commits") == [(1,)]
    assert not _is_due(world)
    world.run()
    assert _is_due(world)


def test_one_run_at_a_time_and_a_pause_after_a_failed_run(opened: World, instance: DagsterInstance):
    run = _begin(opened, instance, **{"dagster/sensor_name": "report"})
    assert _tick(opened, instance).skip_message == "A run of the job report is in progress."
    instance.report_run_failed(run)
    message = _tick(opened, instance).skip_message or ""
    assert message == "The last 1 runs failed; the next is tried after a pause."
