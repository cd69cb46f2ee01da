"""The daemon launches the runs of each stage as ECS tasks with their own size and role."""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import boto3
import pytest
from dagster import DagsterInstance, DagsterRun
from dagster._core.code_pointer import ModuleCodePointer
from dagster._core.launcher.base import LaunchRunContext
from dagster._core.origin import JobPythonOrigin, RepositoryPythonOrigin

from hedgehog_pipeline.definitions import platform
from hedgehog_pipeline.settings import Settings
from hedgehog_pipeline_tests.support.production import Production
from hedgehog_pipeline_tests.support.world import World

_ROLE = "arn:aws:iam::123456789012:role/hedgehog"
_TAGS = {
    job: {
        "ecs/cpu": cpu,
        "ecs/memory": "2048",
        "ecs/task_overrides": json.dumps({"taskRoleArn": f"{_ROLE}-{job}"}),
    }
    for job, cpu in {"extraction": "512", "storage": "1024"}.items()
}


@pytest.fixture
def production(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Production]:
    with Production.make(world, tmp_path, monkeypatch) as production:
        yield production


@pytest.fixture
def daemon(production: Production, monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, Any]]:
    """Run a task for the daemon, with the metadata of ECS; return its network."""
    ec2, ecs = boto3.client("ec2"), boto3.client("ecs")
    network = {
        "subnets": [ec2.describe_subnets()["Subnets"][0]["SubnetId"]],
        "securityGroups": [ec2.describe_security_groups()["SecurityGroups"][0]["GroupId"]],
    }
    cluster = ecs.create_cluster(clusterName=production.output_bucket)["cluster"]["clusterArn"]
    (task,) = ecs.run_task(
        cluster=cluster,
        launchType="FARGATE",
        taskDefinition=production.output_bucket,
        networkConfiguration={"awsvpcConfiguration": network},
    )["tasks"]
    with _metadata_server({"Cluster": cluster, "TaskARN": task["taskArn"]}) as address:
        monkeypatch.setenv("ECS_CONTAINER_METADATA_URI_V4", address)
        yield network


@pytest.mark.parametrize("stage", _TAGS)
def test_a_task_has_the_size_and_role_of_its_stage_and_the_network_of_the_daemon(
    production: Production, daemon: dict[str, Any], stage: str
) -> None:
    settings = replace(production.world.settings, job_tags=json.dumps(_TAGS))
    with DagsterInstance.get() as instance:
        run = _run_of(instance, settings, stage)
        instance.run_launcher.launch_run(LaunchRunContext(run, workspace=None))
        tags = instance.get_run_by_id(run.run_id).tags
    ecs = boto3.client("ecs")
    (task,) = ecs.describe_tasks(cluster=tags["ecs/cluster"], tasks=[tags["ecs/task_arn"]])["tasks"]
    overrides = task["overrides"]
    assert (overrides["cpu"], overrides["memory"]) == (_TAGS[stage]["ecs/cpu"], "2048")
    assert overrides["taskRoleArn"] == f"{_ROLE}-{stage}"
    (container,) = overrides["containerOverrides"]
    assert container["name"] == "run"
    assert "execute_run" in container["command"]
    (interface,) = task["attachments"]
    details = {detail["name"]: detail["value"] for detail in interface["details"]}
    assert details["subnetId"] in daemon["subnets"]


def _run_of(instance: DagsterInstance, settings: Settings, stage: str) -> DagsterRun:
    job = platform(settings).resolve_job_def(stage)
    module = ModuleCodePointer("hedgehog_pipeline.definitions", "defs", None)
    origin = RepositoryPythonOrigin(sys.executable, module)
    return instance.create_run_for_job(
        job, tags=job.run_tags, job_code_origin=JobPythonOrigin(stage, origin)
    )


@contextmanager
def _metadata_server(metadata: dict[str, str]) -> Iterator[str]:
    """Serve the metadata of an ECS task; return the address."""

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(json.dumps(metadata).encode())

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Answer) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
