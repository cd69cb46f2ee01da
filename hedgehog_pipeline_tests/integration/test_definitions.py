"""The platform as Dagster sees it, and that importing it opens no connection."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from dagster import ScheduleDefinition

from hedgehog_pipeline.definitions import defs

_SNAPSHOT = Path(__file__).with_name("definitions_snapshot.txt")

_IMPORT = """
import socket, sys

def refuse(*_, **__):
    raise AssertionError("the import opens a connection")

socket.socket.connect = socket.socket.connect_ex = socket.getaddrinfo = refuse

import boto3, psycopg
boto3.session.Session.client = boto3.session.Session.resource = psycopg.connect = refuse

import hedgehog_pipeline.definitions
print(len(hedgehog_pipeline.definitions.defs.resolve_asset_graph().get_all_asset_keys()))
"""


def test_the_platform_matches_the_snapshot() -> None:
    text = "\n".join([*_assets(), "", *_jobs(), "", *_schedules(), "", *_sensors(), ""])
    sys.stdout.write(text)
    assert text == _SNAPSHOT.read_text(), f"If this is intended, put the text into {_SNAPSHOT}"


def test_every_job_schedule_and_sensor_has_a_description() -> None:
    jobs = [job for job in defs.resolve_all_job_defs() if not job.name.startswith("__")]
    descriptions = {
        f"{type(each).__name__} {each.name}": each.description
        for each in (*jobs, *(defs.schedules or []), *(defs.sensors or []))
    }
    assert [name for name, description in descriptions.items() if not description] == []


def test_a_job_description_names_what_launches_it_and_the_result_of_a_manual_run() -> None:
    descriptions = {job.name: job.description or "" for job in defs.resolve_all_job_defs()}
    without = [n for n, text in descriptions.items() if n[:2] != "__" and "y hand" not in text]
    assert without == []
    launched = {(s.job_name, s.name) for s in defs.schedules or []} | {
        (target.job_name, sensor.name) for sensor in defs.sensors or [] for target in sensor.targets
    }
    assert [pair for pair in launched if f"`{pair[1]}`" not in descriptions[pair[0]]] == []


def test_the_import_opens_no_connection_and_reads_no_secret() -> None:
    command = [sys.executable, "-c", _IMPORT]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "39"


def _assets() -> Iterator[str]:
    graph = defs.resolve_asset_graph()
    for key in sorted(graph.get_all_asset_keys()):
        asset = graph.get(key)
        parents = ", ".join(sorted(parent.to_user_string() for parent in asset.parent_keys))
        yield f"asset {key.to_user_string()} in {asset.group_name} <- {parents or 'the shop'}"
    nodes = [graph.get(key) for key in graph.get_all_asset_keys()]
    for group in sorted({node.group_name for node in nodes}):
        partitions = {str(node.partitions_def) for node in nodes if node.group_name == group}
        yield f"partitions of {group}: {', '.join(sorted(partitions))}"
    for check in sorted(graph.asset_check_keys):
        yield f"check {check.to_user_string()}"


def _jobs() -> Iterator[str]:
    for job in sorted(defs.resolve_all_job_defs(), key=lambda job: job.name):
        if not job.name.startswith("__"):
            assets = len(job.asset_layer.executable_asset_keys)
            checks = len(job.asset_layer.asset_graph.asset_check_keys)
            yield f"job {job.name}: {assets} assets, {checks} checks"


def _schedules() -> Iterator[str]:
    for schedule in sorted(defs.schedules or [], key=lambda schedule: schedule.name):
        assert isinstance(schedule, ScheduleDefinition)
        launches = f"launches {schedule.job_name} at {schedule.cron_schedule}"
        status = schedule.default_status.value.lower()
        yield f"schedule {schedule.name} {launches}: {status} by default"


def _sensors() -> Iterator[str]:
    for sensor in sorted(defs.sensors or [], key=lambda sensor: sensor.name):
        jobs = ", ".join(target.job_name for target in sensor.targets) or "nothing"
        status = sensor.default_status.value.lower()
        yield f"sensor {sensor.name} launches {jobs}: {status} by default"
