"""A run reports what it loaded, even if it fails before it ends."""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from dagster import AssetKey, DagsterInstance, ExecuteInProcessResult

from hedgehog_pipeline.definitions import platform
from hedgehog_pipeline.extraction.pending_changes import record_scan
from hedgehog_pipeline.lake.commits import ProcessedCommit
from hedgehog_pipeline.scheduling.run_tags import LANDING_TAGS, tags_for
from hedgehog_pipeline.storage.warehouse import Warehouse
from hedgehog_pipeline_tests.support.capturing import capture
from hedgehog_pipeline_tests.support.inbox_files import CURRENCIES, currency, put
from hedgehog_pipeline_tests.support.world import World

_TODAY = datetime.now(timezone.utc).date()
_CURRENCY = AssetKey(["warehouse", "dim_currency"])


@pytest.fixture
def instance() -> Iterator[DagsterInstance]:
    with DagsterInstance.ephemeral() as instance:
        yield instance


@pytest.fixture
def pending(opened: World) -> list[ProcessedCommit]:
    """Two pending commits, both with a currency; a part of the second one is deleted."""
    opened.shop.execute("update currency set currency_code = 'CHF'")
    capture(opened)
    _process(opened)
    opened.shop.execute("update currency set currency_code = 'JPY'")
    opened.shop.execute("update design set design_name = 'Bronze'")
    capture(opened)
    _process(opened)
    first, second = opened.deployment.commits_to_load()
    (part,) = second.parts_of("star/dim_design")
    opened.s3.delete_object(Bucket=opened.settings.processed_bucket, Key=part.key)
    return [first, second]


@pytest.mark.parametrize("by_platform", [True, False])
def test_a_load_that_fails_reports_what_it_loaded_before(
    opened: World, instance: DagsterInstance, pending: list[ProcessedCommit], *, by_platform: bool
) -> None:
    result = _run(opened, instance, "storage", tags_for(pending) if by_platform else {})
    assert not result.success
    (failure,) = (e for e in result.all_events if e.is_step_failure)
    assert "dim_design" in str(failure.step_failure_data.error)
    (event,) = result.get_asset_materialization_events()
    found = event.materialization
    assert (found.asset_key, found.partition) == (_CURRENCY, _TODAY.isoformat())
    assert (found.tags or {})["dagster/data_version"] == str(pending[0].number)
    metadata = {name: value.value for name, value in found.metadata.items()}
    assert (metadata["rows written"], metadata["dagster/row_count"]) == (1, 1)
    assert "CHF" in str(metadata["preview"])
    assert "JPY" not in str(metadata["preview"]), "the second commit was not loaded"


def test_a_load_that_fails_checks_what_it_loaded_before(
    opened: World, instance: DagsterInstance, pending: list[ProcessedCommit]
) -> None:
    checks = _run(opened, instance, "storage", tags_for(pending)).get_asset_check_evaluations()
    assert {check.asset_key for check in checks} == {_CURRENCY}
    passed = {check.check_name: check.passed for check in checks}
    assert passed["identity_unique"]
    assert passed["freshness"]


def test_a_load_that_loses_its_connection_fails_and_reports_what_it_loaded(
    opened: World,
    instance: DagsterInstance,
    pending: list[ProcessedCommit],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    load = Warehouse.load

    def dies(self: Warehouse, commit: ProcessedCommit, *rest: Any) -> Any:
        if commit.number == pending[1].number:
            self.connection.execute("select pg_terminate_backend(pg_backend_pid())")
        return load(self, commit, *rest)

    monkeypatch.setattr(Warehouse, "load", dies)
    result = _run(opened, instance, "storage", tags_for(pending))
    (failure,) = (e for e in result.all_events if e.is_step_failure)
    assert "terminating connection" in str(failure.step_failure_data.error)
    (event,) = result.get_asset_materialization_events()
    assert event.asset_key == _CURRENCY
    assert "dagster/row_count" not in event.materialization.metadata


@pytest.mark.parametrize("minutes", [5, 40])
def test_a_load_reports_the_lag_of_captures_that_fail_meanwhile(
    opened: World, instance: DagsterInstance, minutes: int
) -> None:
    deployment = opened.deployment
    opened.shop.execute("update design set design_name = 'Bronze'")
    since = datetime.now(timezone.utc) - timedelta(minutes=minutes)
    record_scan(deployment.parameters, deployment.lake.ingestion.head(), since, changed=True)
    put(opened, "inbox/currency/one.csv", CURRENCIES, currency(7, "CHF"))
    landed = _run(opened, instance, "extraction", LANDING_TAGS, "INBOX")
    assert landed.success
    _process(opened)
    commits = deployment.commits_to_load()
    checks = _run(opened, instance, "storage", tags_for(commits)).get_asset_check_evaluations()
    (found,) = (check for check in checks if check.check_name == "freshness")
    assert found.metadata["seconds_behind"].value == pytest.approx(60 * minutes, abs=60)
    assert found.passed == (minutes < 10)


def _process(world: World) -> None:
    with DagsterInstance.ephemeral() as instance:
        tags = tags_for(world.deployment.commits_to_process())
        assert _run(world, instance, "processing", tags).success


def _run(
    world: World,
    instance: DagsterInstance,
    stage: str,
    tags: Mapping[str, str],
    mode: str | None = None,
) -> ExecuteInProcessResult:
    ops = {"ops": {"extract": {"config": {"mode": mode}}}} if mode else {}
    return (
        platform(world.settings)
        .resolve_job_def(stage)
        .execute_in_process(
            instance=instance,
            partition_key=_TODAY.isoformat(),
            tags=tags,
            run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}, **ops},
            raise_on_error=False,
        )
    )
