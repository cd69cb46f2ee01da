"""One run takes new changes and pending commits through all stages."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta, timezone

import boto3
import psycopg
import pytest
from dagster import (
    DagsterInstance,
    DagsterRunStatus,
    JobDefinition,
    RunRequest,
    build_sensor_context,
)
from dagster._core.definitions.sensor_definition import SensorExecutionData

from hedgehog_pipeline import deployment
from hedgehog_pipeline.definitions import platform
from hedgehog_pipeline.lake.commits import Commit
from hedgehog_pipeline.orchestration import pipeline_run
from hedgehog_pipeline.orchestration.assets import processing
from hedgehog_pipeline.orchestration.pipeline_run import PipelineRun, plan_pipeline_run
from hedgehog_pipeline.orchestration.run_status import failures
from hedgehog_pipeline.scheduling.batching import MAX_COMMITS
from hedgehog_pipeline.scheduling.retry import MAX_ATTEMPTS
from hedgehog_pipeline.scheduling.run_tags import (
    COMMITS_TAG,
    PENDING_TAGS,
    pending_tags,
    tags_for,
    tried_tags,
)
from hedgehog_pipeline_tests.support.capturing import capture, capturing
from hedgehog_pipeline_tests.support.demo_model import MODEL
from hedgehog_pipeline_tests.support.inbox_files import codes, currency, put
from hedgehog_pipeline_tests.support.ticks import (
    launched,
    launched_by_schedule,
    own_tags,
    pending_of,
    shop_tick,
    tags_of,
)
from hedgehog_pipeline_tests.support.truth import differences
from hedgehog_pipeline_tests.support.world import World

_FILE = "inbox/currency/more.csv"
_HEADER = "currency_id,currency_code,created_at,last_updated"


@pytest.fixture
def instance() -> Iterator[DagsterInstance]:
    with DagsterInstance.ephemeral() as instance:
        yield instance


def _change(world: World, number: int) -> None:
    world.shop.execute("update department set location = %s", [f"Place {number}"])


def _process(world: World, instance: DagsterInstance) -> None:
    (request,) = _tick(world, instance, "ingestion_log").run_requests or []
    assert launched(world, instance, request, job="processing", by="ingestion_log").success


def _alter_warehouse(world: World, statement: str) -> None:
    with psycopg.connect(world.servers.postgres.dsn(world.warehouse_database)) as warehouse:
        warehouse.execute(statement.encode())


def _plan(world: World, instance: DagsterInstance, *, later: int = 0) -> PipelineRun:
    now = datetime.now(timezone.utc) + timedelta(seconds=later)
    run = plan_pipeline_run(instance, MODEL, pending_of(world), now)
    assert run is not None
    return run


def _tick(world: World, instance: DagsterInstance, sensor: str) -> SensorExecutionData:
    repository = platform(world.settings).get_repository_def()
    context = build_sensor_context(instance=instance, repository_def=repository)
    return repository.get_sensor_def(sensor).evaluate_tick(context)


def _record(
    world: World, instance: DagsterInstance, job: str, status: DagsterRunStatus, **tags: str
) -> None:
    """Record a run in Dagster."""
    today = datetime.now(timezone.utc).date().isoformat()
    run = instance.create_run_for_job(
        platform(world.settings).resolve_job_def(job),
        status=status,
        tags={"dagster/partition": today, **tags},
    )
    instance.report_engine_event("Recorded.", run)


def _fail(world: World, instance: DagsterInstance, stage: str, *commits: Commit) -> None:
    """Record a failed run of a stage that had begun with commits."""
    tags = tags_for(commits) | tried_tags(stage, commits)
    _record(world, instance, stage, DagsterRunStatus.FAILURE, **tags)


def _assert_one_run(world: World, instance: DagsterInstance, request: RunRequest | str) -> set[str]:
    """Assert that a request is one run of all stages that leaves nothing out and nothing pending.

    Returns the assets that it materialised.
    """
    assert isinstance(request, RunRequest), request
    assert (request.job_name or "pipeline", own_tags(request.tags)) == ("pipeline", PENDING_TAGS)
    result = launched(world, instance, request)
    assert result.success, [
        event.step_failure_data.error for event in result.all_events if event.is_step_failure
    ]
    assert not any(read(()) for read in pending_of(world).values())
    events = result.get_asset_materialization_events()
    return {event.asset_key.to_user_string() for event in events if event.asset_key}


def test_thirty_commits_and_a_change_are_one_run_and_so_is_the_next_change(
    opened: World, instance: DagsterInstance
) -> None:
    for number in range(30):
        _change(opened, number)
        with capturing(opened) as finish:
            finish()
    waiting = opened.deployment.commits_to_process()
    assert len(waiting) == 30
    _change(opened, 30)
    request = shop_tick(opened, instance)
    _assert_one_run(opened, instance, request)
    assert opened.deployment.lake.ingestion.end() == waiting[-1].number + 1
    _change(opened, 31)
    _assert_one_run(opened, instance, shop_tick(opened, instance))
    assert differences(opened) == {}


def test_detected_deletes_are_loaded_by_the_run_of_the_next_change(
    opened: World, instance: DagsterInstance
) -> None:
    opened.shop.execute("delete from payment where payment_id = 1")
    request = launched_by_schedule(opened, "sweep")
    assert launched(opened, instance, request, job="extraction", by="sweep").success
    assert len(opened.deployment.commits_to_process()) == 1
    _change(opened, 1)
    materialised = _assert_one_run(opened, instance, shop_tick(opened, instance))
    assert {"star/fact_payment", "warehouse/fact_payment"} <= materialised
    assert not materialised & {"star/dim_date", "warehouse/dim_date"}, "no day changed"
    _change(opened, 2)
    _assert_one_run(opened, instance, shop_tick(opened, instance))
    assert not opened.query("select from fact_payment_current where payment_id = 1")


def test_a_stage_run_whose_commits_are_already_processed_is_discarded(
    opened: World, instance: DagsterInstance
) -> None:
    _change(opened, 1)
    capture(opened)
    (late,) = _tick(opened, instance, "ingestion_log").run_requests or []
    _change(opened, 2)
    _assert_one_run(opened, instance, shop_tick(opened, instance))
    processed = opened.deployment.lake.processed
    end = processed.end()
    result = launched(opened, instance, late, job="processing", by="ingestion_log")
    assert result.success
    assert not result.get_asset_materialization_events()
    assert processed.end() == end


def test_an_inbox_file_is_loaded_in_one_run_whatever_captures_the_source(
    opened: World, instance: DagsterInstance
) -> None:
    put(opened, _FILE, _HEADER, currency(7, "CHF"))
    _record(opened, instance, "pipeline", DagsterRunStatus.STARTED, **PENDING_TAGS)
    (request,) = _tick(opened, instance, "inbox").run_requests or []
    _record(
        opened,
        instance,
        "pipeline",
        DagsterRunStatus.NOT_STARTED,
        **{**PENDING_TAGS, "dagster/sensor_name": "inbox"},
    )
    assert _tick(opened, instance, "inbox").skip_message == "An inbox file is landing."
    _assert_one_run(opened, instance, request)
    assert codes(opened, 7) == ["CHF"]


def test_a_failed_load_is_left_out_and_retried_alone_while_new_changes_go_on(
    opened: World, instance: DagsterInstance
) -> None:
    _change(opened, 1)
    capture(opened)
    _process(opened, instance)
    (waits,) = opened.deployment.commits_to_load()
    part = waits.parts[0].key
    body = opened.s3.get_object(Bucket=opened.settings.processed_bucket, Key=part)["Body"].read()
    opened.s3.put_object(Bucket=opened.settings.processed_bucket, Key=part, Body=b"broken")
    _change(opened, 2)
    failed = launched(opened, instance, shop_tick(opened, instance))
    assert not failed.success
    first, second = (commit.number for commit in opened.deployment.commits_to_load())
    assert tags_of(instance, failed)["hedgehog/storage_tried"] == f"{first},{second}"

    _change(opened, 3)
    alone = shop_tick(opened, instance)
    assert isinstance(alone, RunRequest)
    assert alone.job_name == "extraction", "landing does not wait while the pause lasts"
    run = _plan(opened, instance, later=11)
    assert run.tags == pending_tags({"storage": {first, second}})
    assert run.takes["storage"] == []

    opened.s3.put_object(Bucket=opened.settings.processed_bucket, Key=part, Body=body)
    request = RunRequest(
        job_name="pipeline",
        partition_key=waits.date.isoformat(),
        tags=run.tags,
        run_config=alone.run_config,
    )
    assert launched(opened, instance, request).success
    assert [commit.number for commit in opened.deployment.commits_to_load()] == [first, second]


def test_a_stuck_commit_is_left_out(opened: World, instance: DagsterInstance) -> None:
    _change(opened, 1)
    capture(opened)
    (stuck,) = opened.deployment.commits_to_process()
    for _ in range(MAX_ATTEMPTS):
        _fail(opened, instance, "processing", stuck)
    _change(opened, 2)
    request = shop_tick(opened, instance)
    assert isinstance(request, RunRequest)
    assert request.job_name == "pipeline"
    assert own_tags(request.tags) == pending_tags({"processing": {stuck.number}})
    assert launched(opened, instance, request).success
    assert opened.deployment.commits_to_process() == [stuck]
    assert not opened.deployment.commits_to_load()


def test_new_changes_go_on_behind_more_stuck_commits_than_one_run_takes(
    opened: World, instance: DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (deployment, pipeline_run, processing):
        monkeypatch.setattr(module, "MAX_COMMITS", 2)
    for number in range(2):
        _change(opened, number)
        capture(opened)
    stuck = opened.deployment.commits_to_process()
    for commit in stuck * MAX_ATTEMPTS:
        _fail(opened, instance, "processing", commit)
    tick = _tick(opened, instance, "ingestion_log")
    expected = "No commit is pending. 2 failed too often and are not retried today."
    assert tick.skip_message == expected
    _change(opened, 2)
    capture(opened)
    newest = opened.deployment.lake.ingestion.end()
    (request,) = _tick(opened, instance, "ingestion_log").run_requests or []
    assert own_tags(request.tags) == {COMMITS_TAG: str(newest)}
    _change(opened, 3)
    request = shop_tick(opened, instance)
    assert isinstance(request, RunRequest)
    assert request.job_name == "pipeline"
    assert launched(opened, instance, request).success
    assert opened.deployment.commits_to_process() == stuck
    assert not opened.deployment.commits_to_load()


def test_a_failure_before_the_first_commit_counts_against_none_and_pauses_the_sensor(
    opened: World, instance: DagsterInstance
) -> None:
    _change(opened, 1)
    capture(opened)
    _process(opened, instance)
    _alter_warehouse(opened, "alter table dim_design drop column file_name")
    (request,) = _tick(opened, instance, "processed_log").run_requests or []
    failed = launched(opened, instance, request, job="storage", by="processed_log")
    assert not failed.success
    now = datetime.now(timezone.utc)
    assert not failures(instance, "storage", now)
    paused = _tick(opened, instance, "processed_log").skip_message
    assert paused == "The last 1 runs failed; the next is tried after a pause."


def test_a_run_that_a_person_retries_counts_against_no_commit(
    opened: World, instance: DagsterInstance
) -> None:
    _change(opened, 1)
    capture(opened)
    (waits,) = opened.deployment.commits_to_process()
    tags = tags_for([waits]) | tried_tags("processing", [waits])
    copied = tags | {"dagster/parent_run_id": "1", "dagster/root_run_id": "1"}
    _record(opened, instance, "processing", DagsterRunStatus.FAILURE, **copied)
    assert not failures(instance, "processing", datetime.now(timezone.utc))


@pytest.mark.parametrize("trouble", ["a missing right", "a secret in another form"])
def test_landing_goes_on_if_the_warehouse_cannot_be_queried(
    opened: World, instance: DagsterInstance, trouble: str
) -> None:
    if trouble == "a missing right":
        _alter_warehouse(opened, "revoke usage on schema hedgehog from writer")
    else:
        boto3.client("secretsmanager").put_secret_value(
            SecretId=opened.settings.warehouse_secret, SecretString="{}"
        )
    _change(opened, 1)
    request = shop_tick(opened, instance)
    assert isinstance(request, RunRequest)
    assert request.job_name == "extraction"
    end = opened.deployment.lake.ingestion.end()
    assert launched(opened, instance, request, job="extraction").success
    assert opened.deployment.lake.ingestion.end() == end + 1
    assert opened.deployment.has_pending_commits()


def test_landing_goes_on_if_the_warehouse_cannot_be_reached(
    opened: World, instance: DagsterInstance
) -> None:
    away = opened.with_warehouse("nowhere")
    _change(away, 1)
    request = shop_tick(away, instance)
    assert isinstance(request, RunRequest)
    assert request.job_name == "extraction"
    steps = launched(
        away, instance, launched_by_schedule(away, "sweep"), job="extraction"
    ).get_step_success_events()
    assert [event.step_key for event in steps] == ["extract"]


def test_more_commits_than_one_run_takes_are_left_to_runs_of_the_stages(
    opened: World, instance: DagsterInstance
) -> None:
    (commit,) = opened.deployment.lake.ingestion.of_day(datetime.now(timezone.utc).date())[-1:]
    many = {"processing": lambda _: [commit] * MAX_COMMITS, "storage": list}
    assert plan_pipeline_run(instance, MODEL, many, datetime.now(timezone.utc)) is None


def test_commits_of_an_earlier_day_are_left_to_the_sensors_on_the_logs(
    opened: World, instance: DagsterInstance
) -> None:
    tomorrow = 24 * 3600
    _change(opened, 1)
    capture(opened)
    assert _plan(opened, instance).takes["processing"]
    assert not _plan(opened, instance, later=tomorrow).takes["processing"]


def test_a_stage_is_launched_only_for_commits_that_a_live_run_leaves_out(
    opened: World, instance: DagsterInstance
) -> None:
    for number in range(3):
        _change(opened, number)
        capture(opened)
    first, *others = (commit.number for commit in opened.deployment.commits_to_process())
    tags = pending_tags({"processing": {first}})
    _record(opened, instance, "pipeline", DagsterRunStatus.STARTED, **tags)
    (request,) = _tick(opened, instance, "ingestion_log").run_requests or []
    assert own_tags(request.tags) == {COMMITS_TAG: str(first)}
    _record(opened, instance, "processing", DagsterRunStatus.STARTED, **own_tags(request.tags))
    left = replace(opened, settings=replace(opened.settings, processing_runs=2))
    message = _tick(left, instance, "ingestion_log").skip_message
    assert message == f"{len(others)} commits are left to the run in progress."
    assert _plan(opened, instance).tags == tags, "the next run leaves out what a stage works on"


def test_a_dead_run_of_all_stages_counts_against_the_commits_it_began(
    opened: World, instance: DagsterInstance
) -> None:
    _change(opened, 1)
    capture(opened)
    (waits,) = opened.deployment.commits_to_process()
    _record(
        opened,
        instance,
        "pipeline",
        DagsterRunStatus.STARTED,
        **PENDING_TAGS,
        **tried_tags("processing", [waits]),
    )
    assert _plan(opened, instance, later=120).tags == pending_tags({"processing": {waits.number}})


def test_a_persons_run_of_all_assets_waits_for_the_same_pool_as_the_sensors_runs(
    opened: World, instance: DagsterInstance
) -> None:
    definitions = platform(opened.settings)
    every, *stages = (
        _pools(instance, job)
        for job in (
            definitions.resolve_implicit_global_asset_job_def(),
            *map(definitions.resolve_job_def, ("extraction", "processing", "storage", "pipeline")),
        )
    )
    assert [every & pools for pools in stages] == [{"extraction"}, set(), set(), {"extraction"}]


def _pools(instance: DagsterInstance, job: JobDefinition) -> set[str]:
    """Return the pools that a run of a job waits for, all at once."""
    concurrency = instance.create_run_for_job(job).run_op_concurrency
    return set(concurrency.all_pools or ()) if concurrency else set()
