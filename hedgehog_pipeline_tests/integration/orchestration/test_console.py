"""A run that the platform launches prints each line of its stages once, and its errors."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from dagster import DagsterInstance, build_sensor_context

from hedgehog_pipeline.definitions import platform
from hedgehog_pipeline_tests.support.capturing import capture
from hedgehog_pipeline_tests.support.ticks import launched, launched_by_schedule, shop_tick
from hedgehog_pipeline_tests.support.world import World

_AS_DEPLOYED = {
    "python_logs": {
        "managed_python_loggers": ["hedgehog_pipeline"],
        "python_log_level": "INFO",
    }
}


@pytest.fixture
def instance(tmp_path: Path) -> Iterator[DagsterInstance]:
    """An instance that records the lines of the stages, as the deployed one does."""
    with DagsterInstance.local_temp(str(tmp_path), overrides=_AS_DEPLOYED) as instance:
        yield instance


def test_a_change_is_printed_once_and_recorded_for_the_ui(
    opened: World, instance: DagsterInstance, capfd: pytest.CaptureFixture[str]
) -> None:
    _change(opened)
    run = launched(opened, instance, shop_tick(opened, instance))
    lines = _printed(capfd)
    assert len([line for line in lines if '"event": "loaded"' in line]) == 1
    assert all(line.startswith("{") for line in lines)
    recorded = [entry.user_message for entry in instance.all_logs(run.run_id)]
    assert [message for message in recorded if "commit 2 loaded" in message]


def test_a_stage_that_a_log_launches_is_printed_once(
    opened: World, instance: DagsterInstance, capfd: pytest.CaptureFixture[str]
) -> None:
    _change(opened)
    capture(opened)
    repository = platform(opened.settings).get_repository_def()
    context = build_sensor_context(instance, repository_def=repository)
    tick = repository.get_sensor_def("ingestion_log").evaluate_tick(context)
    (request,) = tick.run_requests or []
    capfd.readouterr()
    launched(opened, instance, request, job="processing", by="ingestion_log")
    assert all(line.startswith("{") for line in _printed(capfd))


def test_deletions_are_printed_once(
    opened: World, instance: DagsterInstance, capfd: pytest.CaptureFixture[str]
) -> None:
    opened.shop.execute("delete from payment where payment_id = 1")
    launched(opened, instance, launched_by_schedule(opened, "sweep"), job="extraction", by="sweep")
    assert all(line.startswith("{") for line in _printed(capfd))


def test_the_error_of_a_run_is_printed(
    opened: World, instance: DagsterInstance, capfd: pytest.CaptureFixture[str]
) -> None:
    _change(opened)
    request = shop_tick(opened, instance)
    opened.shop.execute("drop table currency cascade")
    assert not launched(opened, instance, request).success
    assert [line for line in _printed(capfd) if " - ERROR - " in line]


def _change(world: World) -> None:
    world.shop.execute("update payment set payment_amount = 17, last_updated = now()")


def _printed(capfd: pytest.CaptureFixture[str]) -> list[str]:
    printed = capfd.readouterr()
    lines = [line for line in (printed.out + printed.err).splitlines() if line]
    assert lines
    return lines
