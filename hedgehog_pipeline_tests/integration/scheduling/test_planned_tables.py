"""A run materialises the tables that changed, and still handles whole commits."""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta, timezone

import pytest
from dagster import AssetKey, DagsterInstance, ExecuteInProcessResult, JobDefinition
from dagster._core.loader import LoadingContextForTest

from hedgehog_pipeline.definitions import platform
from hedgehog_pipeline.extraction.capture_request import Mode
from hedgehog_pipeline.lake.commits import AnyCommit, Commit, PartKind
from hedgehog_pipeline.lake.log import CommitLog
from hedgehog_pipeline.scheduling.planned_tables import (
    loaded_assets,
    planned_assets,
    processed_assets,
)
from hedgehog_pipeline.scheduling.run_tags import LANDING_TAGS, PENDING_TAGS, replay_tags, tags_for
from hedgehog_pipeline_tests.support.capturing import capture
from hedgehog_pipeline_tests.support.demo_model import MODEL
from hedgehog_pipeline_tests.support.inbox_files import CURRENCIES, currency, put
from hedgehog_pipeline_tests.support.truth import differences
from hedgehog_pipeline_tests.support.world import World

_TODAY = datetime.now(timezone.utc).date()
_QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}


@pytest.fixture
def instance() -> Iterator[DagsterInstance]:
    with DagsterInstance.ephemeral() as instance:
        yield instance


def _run(
    world: World,
    instance: DagsterInstance,
    job: str,
    tags: Mapping[str, str] | None = None,
    mode: Mode = Mode.CHANGES,
) -> ExecuteInProcessResult:
    """Run a whole job today; without tags, as a person does."""
    extract = {"ops": {"extract": {"config": {"mode": mode.name}}}}
    return (
        platform(world.settings)
        .resolve_job_def(job)
        .execute_in_process(
            instance=instance,
            partition_key=_TODAY.isoformat(),
            tags=tags,
            run_config={**_QUIET, **(extract if job in {"extraction", "pipeline"} else {})},
        )
    )


def _during_the_first_append(monkeypatch: pytest.MonkeyPatch, event: Callable[[], object]) -> None:
    """Call an event between the parts of the next batch and its commit."""
    append = CommitLog.append
    waiting = [event]

    def appending(
        log: CommitLog[AnyCommit], build: Callable[[AnyCommit | None], AnyCommit | None]
    ) -> AnyCommit | None:
        if waiting:
            waiting.pop()()
        return append(log, build)

    monkeypatch.setattr(CommitLog, "append", appending)


def _all_versions(instance: DagsterInstance, key: str) -> set[str]:
    """Return every data version that an asset has had."""
    found = instance.fetch_materializations(AssetKey.from_user_string(key), limit=10).records
    events = [record.asset_materialization for record in found]
    return {(event.tags or {})["dagster/data_version"] for event in events if event}


def _commit(*parts: tuple[str, PartKind]) -> Commit:
    """Return a commit with a part of each of these assets."""
    part = {"key": "k", "rows": 1, "bytes": 1, "columns": ["a"]}
    return Commit.model_validate(
        {
            "log": "log",
            "number": 1,
            "previous": None,
            "batch": "b",
            "date": _TODAY,
            "parts": [{**part, "asset": asset, "kind": kind} for asset, kind in parts],
        }
    )


def _follow(world: World, instance: DagsterInstance, *changed: str) -> ExecuteInProcessResult:
    """Run the three stages as the source's sensor launches them."""
    keys = {AssetKey(path) for path in planned_assets(MODEL, changed)}
    return (
        platform(world.settings)
        .resolve_job_def("pipeline")
        .get_subset(asset_selection=keys, asset_check_selection=set())
        .execute_in_process(
            instance=instance,
            partition_key=_TODAY.isoformat(),
            tags=PENDING_TAGS,
            run_config=_QUIET,
        )
    )


def _materialised(result: ExecuteInProcessResult) -> set[str]:
    return {
        e.asset_key.to_user_string()
        for e in result.get_asset_materialization_events()
        if e.asset_key
    }


def _versions(instance: DagsterInstance) -> dict[str, str]:
    found: dict[str, str] = {}
    for key in instance.all_asset_keys():
        event = instance.get_latest_materialization_event(key)
        assert event
        assert event.asset_materialization
        found[key.to_user_string()] = (event.asset_materialization.tags or {})[
            "dagster/data_version"
        ]
    return found


def _numbers(instance: DagsterInstance, key: str, *names: str) -> list[object]:
    event = instance.get_latest_materialization_event(AssetKey.from_user_string(key))
    assert event
    assert event.asset_materialization
    return [event.asset_materialization.metadata[name].value for name in names]


def test_a_changed_order_materialises_only_its_tables(opened: World, instance: DagsterInstance):
    opened.shop.execute("update sales_order set units_sold = 7 where sales_order_id = 1")
    assert _materialised(_follow(opened, instance, "sales_order")) == {
        "oltp/sales_order",
        "star/dim_date",
        "star/fact_sales_order",
        "warehouse/dim_date",
        "warehouse/fact_sales_order",
    }
    assert differences(opened) == {}


def test_a_table_that_changed_after_the_scan_is_loaded_and_reported_too(
    opened: World, instance: DagsterInstance
):
    opened.shop.execute("update sales_order set units_sold = 7 where sales_order_id = 1")
    opened.shop.execute("update address set city = 'Hull'")
    reported = _materialised(_follow(opened, instance, "sales_order"))
    assert {
        "oltp/address",
        "star/dim_location",
        "star/dim_counterparty",
        "warehouse/dim_location",
        "warehouse/dim_counterparty",
    } <= reported
    assert not reported & {"oltp/currency", "star/dim_currency", "warehouse/dim_currency"}
    assert differences(opened) == {}
    assert _versions(instance)["warehouse/dim_location"] == "2"


def test_a_parent_without_children_changes_no_dimension_of_the_warehouse(
    opened: World, instance: DagsterInstance
):
    opened.shop.execute("insert into department values (99, 'New', 'Hull', 'Ada', 'now', 'now')")
    assert _materialised(_follow(opened, instance, "department")) == {
        "oltp/department",
        "star/dim_staff",
    }
    assert opened.run() == []
    assert differences(opened) == {}


def test_the_data_version_of_an_unchanged_table_stays_even_if_a_person_materialises_all(
    opened: World, instance: DagsterInstance
):
    opened.shop.execute("update currency set currency_code = 'CHF' where currency_id = 1")
    job = platform(opened.settings).resolve_job_def("pipeline")
    launched = {"instance": instance, "partition_key": _TODAY.isoformat(), "run_config": _QUIET}
    job.execute_in_process(**launched)
    before = _versions(instance)
    opened.shop.execute("update currency set currency_code = 'EUR' where currency_id = 1")
    assert len(_materialised(job.execute_in_process(**launched))) == 33
    after = _versions(instance)
    assert {key for key in after if key.startswith("oltp") and after[key] != before[key]} == {
        "oltp/currency"
    }


def test_the_load_evaluates_the_checks_of_its_tables(opened: World, instance: DagsterInstance):
    opened.shop.execute("update payment set payment_date = 'soon' where payment_id = 1")
    opened.shop.execute("update payment set paid = not paid where payment_id = 2")
    result = _follow(opened, instance, "payment")
    checks = {
        (check.asset_key.path[-1], check.check_name): check.passed
        for check in result.get_asset_check_evaluations()
    }
    assert checks["fact_payment", "quarantine_empty"] is False
    assert checks["fact_payment", "identity_unique"]
    assert checks["fact_payment", "references_present"]
    assert checks["fact_payment", "columns_not_null"]
    assert checks["fact_payment", "freshness"]
    assert not [table for table, _ in checks if table == "fact_sales_order"]


def test_the_checks_of_a_table_count_while_only_other_tables_are_loaded(
    opened: World, instance: DagsterInstance
):
    opened.shop.execute("update payment set paid = not paid")
    _follow(opened, instance, "payment")
    opened.shop.execute("update currency set currency_code = 'EUR' where currency_id = 1")
    _follow(opened, instance, "currency")
    table = AssetKey(["warehouse", "fact_payment"])
    keys = [
        key
        for key in platform(opened.settings).resolve_asset_graph().asset_check_keys
        if key.asset_key == table and key.name != "reconciled"
    ]
    found = instance.event_log_storage.get_latest_asset_check_execution_by_key(keys)
    assert {key.name for key in found} == {
        "columns_not_null",
        "freshness",
        "identity_unique",
        "quarantine_empty",
        "references_present",
    }
    context = LoadingContextForTest(instance)
    assert all(asyncio.run(found[key].targets_latest_materialization(context)) for key in keys)


def test_row_counts_are_those_of_the_partition_and_of_the_table(
    opened: World, instance: DagsterInstance
):
    for units in (7, 8):
        opened.shop.execute(
            "update sales_order set units_sold = %s, last_updated = now() where sales_order_id = 1",
            [units],
        )
        _follow(opened, instance, "sales_order")
    rows = opened.query("select count(*) from fact_sales_order")[0][0]
    names = ("dagster/row_count", "dagster/partition_row_count", "rows written")
    assert _numbers(instance, "warehouse/fact_sales_order", *names) == [rows, rows, 1]
    assert _numbers(instance, "oltp/sales_order", *names) == [rows, rows, 1]
    assert _numbers(instance, "star/fact_sales_order", *names) == [rows, rows, 1]


def test_delete_detection_materialises_the_tables_that_lost_rows(
    opened: World, instance: DagsterInstance
):
    opened.shop.execute("update payment set paid = true where payment_id = 1")
    opened.run()
    opened.shop.execute("delete from payment where payment_id = 2")
    result = (
        platform(opened.settings)
        .resolve_job_def("extraction")
        .execute_in_process(
            instance=instance,
            partition_key=_TODAY.isoformat(),
            tags=LANDING_TAGS,
            run_config={**_QUIET, "ops": {"extract": {"config": {"mode": Mode.SWEEP.name}}}},
        )
    )
    assert _materialised(result) == {"oltp/payment"}


@pytest.mark.parametrize("stage", ["extraction", "processing", "storage"])
def test_days_of_all_tables_are_backfilled_by_one_run_of_a_stage(
    opened: World, instance: DagsterInstance, stage: str
):
    job = platform(opened.settings).resolve_job_def(stage)
    assert _backfill(opened, instance, job, days=3) == 11


def test_a_month_is_backfilled_by_one_run(opened: World, instance: DagsterInstance):
    """Of the assets of one source table: Dagster's records of all 33 take half a minute."""
    keys = {AssetKey(path) for path in planned_assets(MODEL, ["currency"])}
    job = (
        platform(opened.settings)
        .resolve_job_def("pipeline")
        .get_subset(asset_selection=keys, asset_check_selection=set())
    )
    assert _backfill(opened, instance, job, days=31) == len(keys)


def _backfill(world: World, instance: DagsterInstance, job: JobDefinition, *, days: int) -> int:
    """Have one run materialise the last days again; return how many assets it materialised."""
    rows = world.all_rows()
    first = _TODAY - timedelta(days=days - 1)
    result = job.execute_in_process(
        instance=instance,
        tags={
            "dagster/asset_partition_range_start": first.isoformat(),
            "dagster/asset_partition_range_end": _TODAY.isoformat(),
        },
        run_config=_QUIET,
    )
    keys = [e.asset_key for e in result.get_asset_materialization_events() if e.asset_key]
    assert set(Counter(keys).values()) == {days}
    assert {table: len(kept) for table, kept in world.all_rows().items()} == {
        table: len(kept) for table, kept in rows.items()
    }
    assert differences(world) == {}
    return len(set(keys))


def test_a_deleted_key_plans_the_tables_that_have_a_row_for_it():
    deleted = [_commit(("oltp/payment", "tombstones"), ("oltp/staff", "keys"))]
    assert processed_assets(MODEL, deleted) == [("star", "fact_payment")]
    assert processed_assets(MODEL, [_commit(("oltp/payment", "rows"))]) == [
        ("star", "dim_date"),
        ("star", "fact_payment"),
    ]
    of_a_parent = [_commit(("oltp/department", "tombstones"))]
    assert processed_assets(MODEL, of_a_parent) == [("star", "dim_staff")]


def test_quarantine_entries_plan_no_table_besides_those_that_change():
    entry: tuple[str, PartKind] = ("oltp/payment", "quarantine")
    assert processed_assets(MODEL, [_commit(entry, ("oltp/design", "rows"))]) == [
        ("star", "dim_design")
    ]
    assert ("star", "fact_payment") in processed_assets(MODEL, [_commit(entry)]), (
        "a run needs an asset"
    )
    processed = _commit(("star/fact_payment", "quarantine"), ("star/dim_design", "rows"))
    assert loaded_assets(MODEL, [processed]) == [("warehouse", "dim_design")]
    assert loaded_assets(MODEL, [_commit(("star/fact_payment", "quarantine"))]) == [
        ("warehouse", "fact_payment")
    ]


def test_materialising_all_along_with_a_change_counts_no_row_twice(
    opened: World, instance: DagsterInstance
):
    opened.shop.execute("update currency set currency_code = 'CHF' where currency_id = 1")
    before = opened.deployment.rows_of_day(_TODAY)
    _run(opened, instance, "pipeline")
    after = opened.deployment.rows_of_day(_TODAY)
    assert after - before == Counter({"oltp/currency": 1, "star/dim_currency": 1})
    for table, rows in (("dim_currency", 1), ("fact_payment", 0)):
        count = before[f"star/{table}"] + rows
        names = ("dagster/partition_row_count", "dagster/row_count")
        assert _numbers(instance, f"star/{table}", *names) == [count, count]
        head = opened.deployment.lake.processed.head()
        assert head
        assert head.row_counts
        assert head.row_counts.assets[f"star/{table}"].in_all == count


def test_a_replay_of_a_part_of_a_day_reports_the_rows_of_the_day(
    opened: World, instance: DagsterInstance
):
    rows = opened.query("select count(*) from dim_design")[0][0]
    opened.change("update design set design_name = 'x' where design_id = 1")
    lake = opened.deployment.lake
    _run(opened, instance, "processing", replay_tags([lake.ingestion.read(2)]))
    names = ("dagster/partition_row_count", "dagster/row_count", "rows written")
    assert _numbers(instance, "star/dim_design", *names) == [rows + 1, rows + 1, 1]
    assert [commit.kind for commit in lake.processed.after(2)] == ["restatement"]


def test_the_data_versions_of_two_processors_are_the_batches_that_landed(
    opened: World, instance: DagsterInstance, monkeypatch: pytest.MonkeyPatch
):
    for name in "xy":
        opened.shop.execute("update design set design_name = %s where design_id = 1", [name])
        capture(opened)
    first, second = opened.deployment.commits_to_process()
    _during_the_first_append(
        monkeypatch, lambda: _run(opened, instance, "processing", tags_for([second]))
    )
    _run(opened, instance, "processing", tags_for([first]))
    landed = {commit.batch for commit in opened.deployment.lake.processed.after(1)}
    assert len(landed) == 2
    assert _all_versions(instance, "star/dim_design") == landed


def test_the_data_version_of_a_file_is_its_batch_even_if_a_capture_came_in_between(
    opened: World, instance: DagsterInstance, monkeypatch: pytest.MonkeyPatch
):
    put(opened, "inbox/currency/more.csv", CURRENCIES, currency(7, "CHF"))
    opened.shop.execute("update design set design_name = 'x' where design_id = 1")
    _during_the_first_append(monkeypatch, lambda: capture(opened))
    _run(opened, instance, "extraction", LANDING_TAGS, Mode.INBOX)
    of_the_capture, of_the_file = opened.deployment.lake.ingestion.after(1)
    assert (of_the_capture.kind, of_the_file.kind) == ("increment", "inbox")
    assert _all_versions(instance, "oltp/currency") == {of_the_file.batch}


def test_an_inbox_file_without_valid_rows_leaves_the_data_version(
    opened: World, instance: DagsterInstance
):
    opened.shop.execute("update currency set currency_code = 'CHF' where currency_id = 1")
    _run(opened, instance, "extraction", LANDING_TAGS)
    version = _all_versions(instance, "oltp/currency")
    put(opened, "inbox/currency/more.csv", CURRENCIES, "seven,CHF")
    _run(opened, instance, "extraction", LANDING_TAGS, Mode.INBOX)
    assert _numbers(instance, "oltp/currency", "rows written", "quarantine") == [0, 1]
    assert _all_versions(instance, "oltp/currency") == version
