"""Dagster's old records are pruned; what the pages of assets show stays."""

from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
import yaml
from dagster import (
    AssetCheckEvaluation,
    AssetCheckKey,
    AssetCheckResult,
    AssetCheckSpec,
    AssetKey,
    AssetMaterialization,
    DagsterInstance,
    DagsterRun,
    DagsterRunStatus,
    MaterializeResult,
    StaticPartitionsDefinition,
    asset,
    materialize,
)
from dagster._core.storage.event_log import SqlEventLogStorageTable
from dagster._core.storage.event_log.schema import AssetCheckExecutionsTable
from sqlalchemy import func, select

import hedgehog_pipeline.sandbox
from hedgehog_pipeline.definitions import platform
from hedgehog_pipeline.orchestration.instance import prune_records
from hedgehog_pipeline.orchestration.instance.records import Pruned, prune
from hedgehog_pipeline.settings import Settings
from hedgehog_pipeline_tests.support.records_storage import pooled_instance
from hedgehog_pipeline_tests.support.repository_files import DEPLOY
from hedgehog_pipeline_tests.support.servers import Servers

_DAYS = ("1st", "2nd", "3rd")
_CHECK = AssetCheckKey(AssetKey("table"), "sound")


@asset(
    name="table",
    partitions_def=StaticPartitionsDefinition(_DAYS),
    check_specs=[AssetCheckSpec("sound", asset="table")],
)
def partitioned() -> MaterializeResult:
    return MaterializeResult(check_results=[AssetCheckResult(passed=True, check_name="sound")])


@asset(name="page")
def whole() -> None:
    pass


@pytest.fixture(scope="module", params=["in memory", "SQLite", "PostgreSQL"])
def storage(
    request: pytest.FixtureRequest, servers: Servers, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[DagsterInstance]:
    if request.param == "in memory":
        with DagsterInstance.ephemeral() as instance:
            yield instance
    elif request.param == "SQLite":
        with DagsterInstance.local_temp(str(tmp_path_factory.mktemp("home"))) as instance:
            yield instance
    else:
        home = tmp_path_factory.mktemp("home")
        with pooled_instance(servers, home, "pruned") as instance:
            yield instance


@pytest.fixture
def instance(storage: DagsterInstance) -> DagsterInstance:
    """An instance without records."""
    storage.wipe()
    return storage


def _run(instance: DagsterInstance, partition: str | None = None) -> str:
    assets = [partitioned] if partition else [whole]
    return materialize(assets, instance=instance, partition_key=partition).run_id


def _soon() -> datetime:
    """Return a time after everything that a test did."""
    return datetime.now(timezone.utc) + timedelta(minutes=1)


def _runs(instance: DagsterInstance) -> set[str]:
    return {run.run_id for run in instance.get_runs()}


def _report(instance: DagsterInstance, *, passed: bool) -> None:
    instance.report_runless_asset_event(
        AssetCheckEvaluation(
            asset_key=_CHECK.asset_key, check_name=_CHECK.name, passed=passed, metadata={}
        )
    )


def _rows(instance: DagsterInstance) -> tuple[int, int]:
    """Count events, and evaluations of checks."""
    storage = instance.event_log_storage
    with storage.index_connection() as connection:  # type: ignore[attr-defined]
        events, evaluations = (
            connection.execute(select(func.count()).select_from(table)).scalar()
            for table in (SqlEventLogStorageTable, AssetCheckExecutionsTable)
        )
    return events, evaluations


def test_a_run_is_pruned_with_its_events_once_a_later_run_made_the_same(
    instance: DagsterInstance,
) -> None:
    old = [_run(instance, "1st"), _run(instance)]
    latest = [_run(instance, "1st"), _run(instance, "2nd"), _run(instance)]
    pruned = prune(instance, _soon(), most=100)
    assert (pruned.runs, pruned.kept) == (2, 3)
    assert _runs(instance) == set(latest)
    assert [instance.all_logs(run) for run in old] == [[], []]
    assert all(instance.all_logs(run) for run in latest)


def test_assets_stay_materialized(instance: DagsterInstance) -> None:
    for day in ("1st", "2nd", "1st", "1st"):
        _run(instance, day)
    _run(instance)
    prune(instance, _soon(), most=100)
    instance.wipe_asset_cached_status([partitioned.key])  # it is rebuilt from the events
    assert instance.get_materialized_partitions(partitioned.key) == {"1st", "2nd"}
    assert instance.get_latest_materialization_event(whole.key)
    assert instance.get_latest_materialization_event(partitioned.key)
    assert instance.get_latest_data_version_record(partitioned.key, partition_key="2nd")


def test_a_partition_that_a_person_reported_stays_materialized(instance: DagsterInstance) -> None:
    reported = AssetMaterialization(asset_key=partitioned.key, partition="3rd")
    instance.report_runless_asset_event(reported)
    prune(instance, _soon(), most=100)
    assert instance.get_materialized_partitions(partitioned.key) == {"3rd"}


def test_the_latest_evaluation_of_a_check_stays(instance: DagsterInstance) -> None:
    for passed in (True, True, False):
        _report(instance, passed=passed)
    assert _rows(instance) == (3, 3)
    assert prune(instance, _soon(), most=100).evaluations == 2
    assert _rows(instance) == (0, 1)
    latest = instance.get_latest_asset_check_evaluation_record(_CHECK)
    assert latest
    assert latest.evaluation
    assert not latest.evaluation.passed


def test_the_evaluations_of_a_run_are_pruned_with_it(instance: DagsterInstance) -> None:
    for _run_number in range(3):
        _run(instance, "1st")
    prune(instance, _soon(), most=100)
    assert _rows(instance)[1] == 1
    assert instance.get_latest_asset_check_evaluation_record(_CHECK)


def test_recent_records_stay(instance: DagsterInstance) -> None:
    before = datetime.now(timezone.utc) - timedelta(hours=1)
    for _run_number in range(2):
        _run(instance, "1st")
    _report(instance, passed=True)
    _report(instance, passed=True)
    runs, rows = _runs(instance), _rows(instance)
    assert prune(instance, before, most=100).runs == 0
    assert (_runs(instance), _rows(instance)) == (runs, rows)


@pytest.mark.parametrize(
    ("status", "stays"),
    [
        (DagsterRunStatus.NOT_STARTED, True),
        (DagsterRunStatus.STARTING, True),
        (DagsterRunStatus.STARTED, True),
        (DagsterRunStatus.CANCELING, True),
        (DagsterRunStatus.CANCELED, False),
        (DagsterRunStatus.FAILURE, False),
    ],
)
def test_only_a_finished_run_is_pruned(status: DagsterRunStatus, *, stays: bool) -> None:
    with DagsterInstance.ephemeral() as instance:
        instance.add_run(DagsterRun(job_name="storage", status=status))
        prune(instance, _soon(), most=100)
        assert bool(_runs(instance)) is stays


def test_the_oldest_runs_go_first_and_the_next_call_continues(instance: DagsterInstance) -> None:
    runs = [_run(instance, day) for day in ("2nd", "1st", "1st", "1st", "1st")]
    assert prune(instance, _soon(), most=2).runs == 2
    assert _runs(instance) == {runs[0], *runs[3:]}
    assert prune(instance, _soon(), most=2).runs == 1
    assert _runs(instance) == {runs[0], runs[4]}


def test_the_output_of_a_pruned_run_is_deleted_from_the_disk(tmp_path: Path) -> None:
    with DagsterInstance.local_temp(str(tmp_path)) as instance:
        runs = [_run(instance, "1st"), _run(instance, "1st")]
        prune(instance, _soon(), most=100)
    assert [run for run in runs if list(tmp_path.glob(f"**/{run}/compute_logs"))] == runs[1:]


def test_the_job_keeps_the_configured_number_of_days(monkeypatch: pytest.MonkeyPatch) -> None:
    limits: list[datetime] = []

    def record(_instance: DagsterInstance, before: datetime, _most: int) -> Pruned:
        limits.append(before)
        return Pruned(0, 0, 0)

    monkeypatch.setattr(prune_records, "prune", record)
    settings = Settings.from_environment({"HEDGEHOG_RECORDS_DAYS": "3"})
    job = platform(settings).resolve_job_def("prune_records")
    with DagsterInstance.ephemeral() as instance:
        assert job.execute_in_process(instance=instance).success
    days = (datetime.now(timezone.utc) - limits[0]) / timedelta(days=1)
    assert days == pytest.approx(3, abs=0.01)


def test_ticks_are_kept_as_long_as_runs() -> None:
    sandbox = Path(hedgehog_pipeline.sandbox.__file__).with_name("dagster.yaml")
    days = Settings().records_days
    for file in (sandbox, DEPLOY / "dagster.yaml"):
        retention = yaml.safe_load(file.read_text())["retention"]
        assert retention["schedule"] == {"purge_after_days": days}
        assert retention["sensor"] == {
            "purge_after_days": {"skipped": 1, "failure": days, "success": days}
        }


def test_the_private_tables_of_dagster_exist() -> None:
    """`prune_evaluations` deletes from them."""
    assert SqlEventLogStorageTable.name == "event_logs"
    assert {"id", "run_id", "dagster_event_type", "timestamp"} <= set(
        SqlEventLogStorageTable.c.keys()
    )
    assert AssetCheckExecutionsTable.name == "asset_check_executions"
    assert {"id", "asset_key", "check_name", "partition", "create_timestamp"} <= set(
        AssetCheckExecutionsTable.c.keys()
    )
