"""Past days are closed once: a day in which nothing landed shows as materialised, without rows."""

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta, timezone

import pytest
from dagster import (
    AssetKey,
    AssetMaterialization,
    DagsterInstance,
    DailyPartitionsDefinition,
    build_sensor_context,
)
from dagster._core.definitions.sensor_definition import SensorExecutionData

from hedgehog_pipeline.lake.commits import Commit, Part
from hedgehog_pipeline.orchestration import past_days
from hedgehog_pipeline.orchestration.past_days import past_days_sensor
from hedgehog_pipeline.scheduling.batching import MAX_COMMITS
from hedgehog_pipeline_tests.support.demo_model import MODEL, SOURCE, STAR

_TODAY = datetime.now(timezone.utc).date()
_YESTERDAY = (_TODAY - timedelta(days=1)).isoformat()
_DAYS = DailyPartitionsDefinition(
    start_date=(_TODAY - timedelta(days=3)).isoformat(), timezone="UTC", end_offset=1
)
_CURRENCY = AssetKey(["warehouse", "dim_currency"])


@pytest.fixture
def instance(monkeypatch: pytest.MonkeyPatch) -> Iterator[DagsterInstance]:
    """A Dagster instance in which closing these few days takes several ticks."""
    monkeypatch.setattr(past_days, "_MAX_EVENTS", 50)
    with DagsterInstance.ephemeral() as instance:
        yield instance


def _tick(
    instance: DagsterInstance,
    cursor: str | None,
    rows: Counter[str],
    to_process: Sequence[Commit] = (),
    to_load: Sequence[Commit] = (),
) -> SensorExecutionData:
    pending = {"processing": lambda: to_process, "storage": lambda: to_load}
    sensor = past_days_sensor(MODEL, "checks", lambda _day: rows, pending, _DAYS)
    return sensor.evaluate_tick(build_sensor_context(instance=instance, cursor=cursor))


def _closed(
    instance: DagsterInstance,
    rows: Counter[str],
    to_process: Sequence[Commit] = (),
    to_load: Sequence[Commit] = (),
) -> list[SensorExecutionData]:
    """Tick until nothing more is closed, as the daemon does."""
    ticks: list[SensorExecutionData] = []
    cursor = None
    while cursor != _YESTERDAY:
        tick = _tick(instance, cursor, rows, to_process, to_load)
        for event in tick.asset_events:
            instance.report_runless_asset_event(event)
        ticks.append(tick)
        if not tick.asset_events and tick.cursor == cursor:
            break
        cursor = tick.cursor
        assert len(ticks) < 100
    return ticks


def test_every_past_day_of_every_table_is_materialised_and_today_is_not(
    instance: DagsterInstance,
):
    ticks = _closed(instance, Counter())
    past = {day for day in _DAYS.get_partition_keys() if day < _TODAY.isoformat()}
    assert instance.get_materialized_partitions(_CURRENCY) == past
    assert [bool(tick.run_requests) for tick in ticks] == [False] * (len(ticks) - 1) + [True]
    assert _tick(instance, _YESTERDAY, Counter()).skip_message


def test_a_materialised_day_is_not_changed(instance: DagsterInstance):
    instance.report_runless_asset_event(
        AssetMaterialization(_CURRENCY, partition=_YESTERDAY, tags={"dagster/data_version": "7"})
    )
    events = [event for tick in _closed(instance, Counter()) for event in tick.asset_events]
    assert not [e for e in events if (e.asset_key, e.partition) == (_CURRENCY, _YESTERDAY)]
    assert {event.tags["dagster/data_version"] for event in events if event.tags} == {"0", "7"}


def test_closing_a_day_keeps_the_row_count_of_the_table(instance: DagsterInstance):
    metadata = {"dagster/row_count": 7, "dagster/partition_row_count": 3}
    today = AssetMaterialization(_CURRENCY, metadata=metadata, partition=_TODAY.isoformat())
    instance.report_runless_asset_event(today)
    _closed(instance, Counter())
    event = instance.get_latest_materialization_event(_CURRENCY)
    assert event is not None
    assert event.asset_materialization is not None
    found = event.asset_materialization
    assert found.partition == _YESTERDAY
    counts = {name: value.value for name, value in found.metadata.items()}
    assert counts == {
        "dagster/row_count": 7,
        "dagster/partition_row_count": 0,
        "rows written": 0,
    }


def test_a_day_recorded_in_another_instance_has_a_note(instance: DagsterInstance):
    (*_, tick) = _closed(instance, Counter({"star/dim_currency": 3}))
    last = {event.asset_key: event for event in tick.asset_events if event.partition == _YESTERDAY}
    assert "not recorded in this instance" in (last[_CURRENCY].description or "")
    assert "dagster/partition_row_count" not in last[_CURRENCY].metadata
    star = last[AssetKey(["star", "dim_currency"])]
    assert star.metadata["dagster/partition_row_count"].value == 3
    assert date.fromisoformat(star.partition or "") == _TODAY - timedelta(days=1)


@pytest.mark.parametrize(
    ("asset", "open_tables"),
    [
        ("oltp/currency", {"star/dim_currency", "warehouse/dim_currency"}),
        ("oltp/department", {"star/dim_staff", "warehouse/dim_staff"}),
        ("star/dim_currency", {"warehouse/dim_currency"}),
    ],
)
def test_a_day_with_pending_commits_is_missing_until_they_are_loaded(
    instance: DagsterInstance, asset: str, open_tables: set[str]
):
    pending = [_commit(asset, _TODAY - timedelta(days=2))]
    stage = "to_process" if asset.startswith("oltp") else "to_load"
    ticks = _closed(instance, Counter(), **{stage: pending})
    assert _missing(instance, _TODAY - timedelta(days=2)) == open_tables
    assert not _missing(instance, _TODAY - timedelta(days=1))
    assert [bool(tick.run_requests) for tick in ticks if tick.asset_events][-1:] == [True]
    assert f"pending commits for {len(open_tables)} tables" in (ticks[-1].skip_message or "")
    (last,) = _closed(instance, Counter())
    assert not _missing(instance, _TODAY - timedelta(days=2))
    assert last.cursor == _YESTERDAY


def test_nothing_is_closed_while_too_many_commits_are_pending(instance: DagsterInstance):
    pending = [_commit("star/dim_currency", _TODAY)] * MAX_COMMITS
    tick = _tick(instance, None, Counter(), to_load=pending)
    assert "once fewer commits are pending" in (tick.skip_message or "")
    assert tick.cursor is None


def _commit(asset: str, day: date) -> Commit:
    """Make a commit with a part of one asset."""
    part = Part(asset=asset, key="k", rows=1, bytes=1, columns=())
    return Commit(log="a-log", number=1, previous=None, batch="b", date=day, parts=(part,))


def _missing(instance: DagsterInstance, day: date) -> set[str]:
    layers = (("oltp", SOURCE), ("star", STAR), ("warehouse", STAR))
    keys = [AssetKey([layer, name]) for layer, tables in layers for name in tables]
    return {
        key.to_user_string()
        for key in keys
        if day.isoformat() not in instance.get_materialized_partitions(key)
    }
