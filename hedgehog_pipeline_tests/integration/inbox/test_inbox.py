"""Inbox files reach the warehouse: which file, when, and by which run."""

from collections.abc import Iterator
from datetime import datetime, timezone

import pytest
from dagster import (
    AssetKey,
    DagsterInstance,
    DagsterRunStatus,
    ExecuteInProcessResult,
    build_sensor_context,
)
from dagster._core.definitions.sensor_definition import SensorExecutionData

from hedgehog_pipeline.definitions import platform
from hedgehog_pipeline.errors import HedgehogError
from hedgehog_pipeline.inbox.inbox import ClaimedFile, claim_oldest, waiting_files
from hedgehog_pipeline.lake.batch import Batch, batch_id
from hedgehog_pipeline_tests.support.archived import Archived
from hedgehog_pipeline_tests.support.demo_model import SOURCE
from hedgehog_pipeline_tests.support.inbox_files import (
    CURRENCIES,
    codes,
    currency,
    head_of,
    put,
    put_bytes,
)
from hedgehog_pipeline_tests.support.world import World


@pytest.fixture(scope="module")
def traded(archived: Archived) -> Iterator[World]:
    """A small shop in the warehouse; each test adds its own files and rows."""
    with archived.copy() as world:
        yield world


def test_a_file_lands_once_and_is_not_changed(traded: World):
    key = put(traded, "inbox/currency/once.csv", CURRENCIES, currency(10, "CHF"))
    before = head_of(traded)
    assert [run.stage for run in traded.run()] == ["extraction", "processing", "storage"]
    assert codes(traded, 10) == ["CHF"]
    head = head_of(traded)
    assert (head.number, head.kind) == (before.number + 1, "inbox")
    assert head.taken is not None
    assert head.taken.key == key
    assert traded.run() == []
    assert key in traded.keys(traded.settings.ingestion_bucket)


def test_an_inbox_commit_keeps_the_watermarks_and_captures_continue(traded: World):
    before = head_of(traded)
    put(traded, "inbox/currency/watermarks.csv", CURRENCIES, currency(11, "SEK"))
    traded.run()
    head = head_of(traded)
    landed = {"currency": before.base["currency"].model_copy(update={"landed": head.number})}
    assert head.base == {**before.base, **landed}
    assert head.source == before.source
    traded.shop.execute("insert into currency values (12, 'NOK', 'now', 'now')")
    traded.run()
    assert head_of(traded).kind == "increment"
    assert codes(traded, 11, 12) == ["SEK", "NOK"]
    assert traded.run() == []


def test_changed_content_under_the_same_key_lands_again_even_an_earlier_content(traded: World):
    for code in ("AAA", "BBB", "AAA"):
        key = put(traded, "inbox/currency/again.csv", CURRENCIES, currency(13, code))
        traded.run()
        assert codes(traded, 13) == [code]
    put(traded, key, CURRENCIES, currency(13, "AAA"))
    assert traded.run() == []


def test_files_land_one_per_commit_in_the_order_of_their_upload(traded: World):
    before = head_of(traded).number
    put(traded, "inbox/currency/b.csv", CURRENCIES, currency(14, "OLD"))
    _await_another_second(traded)
    put(traded, "inbox/currency/a.csv", CURRENCIES, currency(14, "NEW"))
    traded.run()
    files = [commit.taken for commit in traded.deployment.lake.ingestion.after(before)]
    assert [file.key for file in files if file] == ["inbox/currency/b.csv", "inbox/currency/a.csv"]
    assert codes(traded, 14) == ["NEW"]


def _await_another_second(world: World) -> None:
    """Wait for the next second: S3 stores the time of an upload in whole seconds."""
    clock = "inbox/clock/"
    put_bytes(world, clock, b"")
    first = _modified(world, clock)
    while _modified(world, clock) == first:
        put_bytes(world, clock, b"")


def _modified(world: World, key: str) -> datetime:
    found = world.s3.head_object(Bucket=world.settings.ingestion_bucket, Key=key)
    return found["LastModified"]


def test_landed_files_are_found_by_walking_the_log(traded: World):
    put(traded, "inbox/currency/walk-1.csv", CURRENCIES, currency(15, "ONE"))
    traded.run()
    put(traded, "inbox/currency/walk-2.csv", CURRENCIES, currency(16, "TWO"))
    traded.run()
    head = head_of(traded)
    chain: list[str] = []
    number = head.latest_inbox
    while number:
        commit = traded.deployment.lake.ingestion.read(number)
        assert commit.taken is not None
        chain.append(commit.taken.key)
        number = commit.inbox
    assert chain[:2] == ["inbox/currency/walk-2.csv", "inbox/currency/walk-1.csv"]
    there = [key for key in traded.keys(traded.settings.ingestion_bucket) if "inbox/" in key]
    assert {key for key in there if not key.endswith("/")} <= set(chain)


def test_delete_detection_does_not_delete_rows_of_inbox_files(traded: World):
    put(traded, "inbox/currency/swept.csv", CURRENCIES, currency(70, "ZAR"))
    traded.run()
    traded.detect_deletes()
    query = "select currency_code, deleted from dim_currency where currency_id = 70"
    assert traded.query(query) == [("ZAR", False)]


def test_before_the_initial_load_no_file_waits_and_a_run_is_refused(world: World):
    put(world, "inbox/currency/early.csv", CURRENCIES, currency(2, "CHF"))
    assert world.deployment.waiting_files() == []
    assert _tick(world).skip_message == "No file waits in the inbox."
    with pytest.raises(HedgehogError, match="run `hedgehog run` first"):
        _take(world)
    world.load_small()
    world.run()
    assert codes(world, 2) == ["CHF"]


def test_a_run_without_the_table_of_the_file_is_refused(traded: World):
    put(traded, "inbox/currency/left-out.csv", CURRENCIES, currency(80, "AAA"))
    with pytest.raises(HedgehogError, match="select the asset oltp/currency as well"):
        _take(traded, "staff")
    _take(traded, "staff", "currency")
    assert traded.deployment.waiting_files() == []


def test_a_file_lands_after_a_commit_that_came_in_between(traded: World):
    put(traded, "inbox/currency/between.csv", CURRENCIES, currency(81, "AAA"))
    lake = traded.deployment.lake
    take, batch = _begin(traded)
    traded.shop.execute("insert into currency values (82, 'BBB', 'now', 'now')")
    traded.launch("extraction")
    between = head_of(traded)
    commit = lake.ingestion.append(take.commit_of(batch, claimed_at=_now()))
    assert commit is not None
    assert (commit.number, commit.base["staff"]) == (between.number + 1, between.base["staff"])
    traded.run()
    assert codes(traded, 81, 82) == ["AAA", "BBB"]


def test_of_two_runs_that_claim_a_file_one_discards_it(traded: World):
    put(traded, "inbox/currency/both.csv", CURRENCIES, currency(83, "AAA"))
    take, batch = _begin(traded)
    _take(traded)
    end = head_of(traded).number
    log = traded.deployment.lake.ingestion
    assert log.append(take.commit_of(batch, claimed_at=_now())) is None
    assert head_of(traded).number == end
    assert waiting_files(log) == []


def test_a_file_that_is_replaced_while_it_is_read_is_read_again(traded: World):
    key = put(traded, "inbox/currency/replaced.csv", CURRENCIES, currency(84, "AAA"))
    bucket = traded.deployment.lake.ingestion.bucket
    (found,) = traded.deployment.waiting_files()
    put(traded, key, CURRENCIES, currency(84, "BBB"))
    with pytest.raises(HedgehogError, match="was replaced while it was read"), bucket.open(found):
        pass
    traded.run()
    assert codes(traded, 84) == ["BBB"]


def test_what_was_found_is_in_the_metadata_and_in_the_log(
    traded: World, caplog: pytest.LogCaptureFixture
):
    header, row = f"note,{CURRENCIES}", f"x,{currency(85, 'AAA')}"
    key = put(traded, "inbox/currency/metadata.csv", header, row, row, "x")
    events = _take(traded).asset_materializations_for_node("extract")
    found = {event.asset_key.path[-1]: event.metadata for event in events}
    assert len(found) == 11
    metadata = found["currency"]
    assert metadata["file"].value == key
    assert metadata["columns passed over"].value == ["note"]
    assert metadata["rows superseded"].value == 1
    assert metadata["quarantine"].value == 1
    assert metadata["rows written"].value == 1
    assert "file" not in found["staff"]
    records = {getattr(record, "event", ""): record for record in caplog.records}
    fields: dict[str, object] = vars(records["file taken"])["fields"]
    assert (fields["file"], fields["columns passed over"]) == (key, ["note"])


def test_the_sensor_launches_only_if_a_file_waits(traded: World):
    traded.run()
    assert _tick(traded).skip_message == "No file waits in the inbox."
    put(traded, "inbox/currency/sensed.csv", CURRENCIES, currency(86, "AAA"))
    (request,) = _tick(traded).run_requests or []
    assert request.partition_key == f"{_now():%Y-%m-%d}"
    assert request.run_config["ops"] == {"extract": {"config": {"mode": "INBOX"}}}
    traded.run()


def test_the_sensor_waits_for_a_running_run_and_after_a_failure(traded: World):
    put(traded, "inbox/currency/waits.csv", CURRENCIES, currency(87, "AAA"))
    with DagsterInstance.ephemeral() as instance:
        job = platform(traded.settings).resolve_job_def("extraction")
        run = instance.create_run_for_job(
            job, status=DagsterRunStatus.STARTED, tags={"dagster/sensor_name": "inbox"}
        )
        instance.report_engine_event("at work", run)
        assert _tick(traded, instance).skip_message == "An inbox file is landing."
        instance.report_run_failed(run)
        assert "runs failed" in (_tick(traded, instance).skip_message or "")
    traded.run()


def _tick(world: World, instance: DagsterInstance | None = None) -> SensorExecutionData:
    repository = platform(world.settings).get_repository_def()
    with DagsterInstance.ephemeral() as fresh:
        context = build_sensor_context(instance=instance or fresh, repository_def=repository)
        return repository.get_sensor_def("inbox").evaluate_tick(context)


def _take(world: World, *tables: str) -> ExecuteInProcessResult:
    """Run extraction for the oldest file, of all tables or some."""
    with DagsterInstance.ephemeral() as instance:
        return (
            platform(world.settings)
            .resolve_job_def("extraction")
            .execute_in_process(
                instance=instance,
                partition_key=f"{_now():%Y-%m-%d}",
                asset_selection=[AssetKey(["oltp", table]) for table in tables] or None,
                run_config={
                    "loggers": {"console": {"config": {"log_level": "CRITICAL"}}},
                    "ops": {"extract": {"config": {"mode": "INBOX"}}},
                },
            )
        )


def _begin(world: World) -> tuple[ClaimedFile, Batch]:
    """Claim and write the oldest file without Dagster, up to its commit."""
    log = world.deployment.lake.ingestion
    batch = Batch(batch_id(_now()), _now().date(), log.bucket, "csv")
    take = claim_oldest(log, log.head(), SOURCE, list(SOURCE.values()), batch)
    assert take is not None
    for table, parts in take.pending.rows.items():
        for rows in parts:
            rows.write(f"oltp/{table}", world.settings.part_bytes)
    return take, batch


def _now() -> datetime:
    return datetime.now(timezone.utc)
