"""The production configuration of Dagster runs the stages; the APIs of AWS show the results."""

import socket
from collections.abc import Iterator
from datetime import datetime, timezone
from pathlib import Path

import psycopg
import pytest
from dagster import DagsterEventType, DagsterInstance, build_run_status_sensor_context
from dagster._core.remote_origin import GrpcServerCodeLocationOrigin
from dagster._core.workspace.load import location_origins_from_yaml_paths

from hedgehog_pipeline import healthcheck
from hedgehog_pipeline.definitions import platform
from hedgehog_pipeline_tests.support.production import Production
from hedgehog_pipeline_tests.support.repository_files import DEPLOY
from hedgehog_pipeline_tests.support.world import World


@pytest.fixture
def production(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Production]:
    with Production.make(world, tmp_path, monkeypatch) as production:
        yield production


def test_a_batch_is_loaded_and_its_log_lines_and_output_are_stored(
    production: Production,
) -> None:
    production.world.load_small()
    production.world.run()
    assert production.world.query("select count(*) from fact_sales_order") == [(1,)]
    with DagsterInstance.get() as instance:
        runs = instance.get_runs()
    assert runs
    assert all(run.is_success for run in runs)
    assert {"written", "committed", "loaded"} <= {line["event"] for line in production.lines()}
    printed = production.output_of(runs[0].run_id)
    assert all(f'"event": "{event}"' in printed for event in ("committed", "loaded"))
    assert [file.name for file in production.home.iterdir()] == ["dagster.yaml"]


def test_webserver_and_daemon_find_the_code_location(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DAGSTER_CODE_HOST", "code.hedgehog.internal")
    (origin,) = location_origins_from_yaml_paths([str(DEPLOY / "workspace.yaml")])
    assert isinstance(origin, GrpcServerCodeLocationOrigin)
    assert (origin.host, origin.port) == ("code.hedgehog.internal", 4000)


def test_a_failed_run_sends_an_alert_and_writes_a_log_line(
    production: Production,
) -> None:
    definitions = platform(production.world.settings)
    production.world.shop.execute("drop table payment cascade")
    with DagsterInstance.get() as instance:
        job = definitions.resolve_job_def("extraction")
        today = datetime.now(timezone.utc).date().isoformat()
        failed = job.execute_in_process(
            instance=instance, partition_key=today, raise_on_error=False
        )
        (event,) = [
            event for event in failed.all_events if event.event_type == DagsterEventType.RUN_FAILURE
        ]
        context = build_run_status_sensor_context(
            "failed_runs", event, instance, failed.dagster_run
        ).for_run_failure()
        definitions.resolve_sensor_def("failed_runs")(context)
    (alert,) = production.alerts()
    assert "run of extraction failed" in alert["Subject"]
    (line,) = [line for line in production.lines() if line["event"] == "run failed"]
    assert (line["job"], line["run"]) == ("extraction", failed.run_id)


def test_a_service_with_an_outdated_password_is_unhealthy(
    production: Production, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert production.home.exists()
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        healthcheck.confirm(port)
        monkeypatch.setenv("DAGSTER_POSTGRES_PASSWORD", "yesterday's")
        with pytest.raises(psycopg.OperationalError):
            healthcheck.confirm(port)
    with pytest.raises(OSError, match="refused"):
        healthcheck.confirm(port)
