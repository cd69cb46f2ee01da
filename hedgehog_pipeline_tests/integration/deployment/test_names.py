"""Terraform sets exactly the variables that Python reads, and uses its names of jobs and events."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from hedgehog_pipeline import healthcheck
from hedgehog_pipeline.definitions import defs
from hedgehog_pipeline.logs.events import WatchLog
from hedgehog_pipeline.settings import Settings
from hedgehog_pipeline_tests.support.repository import REPOSITORY
from hedgehog_pipeline_tests.support.repository_files import DEPLOY, TERRAFORM, shared_names

_NAMES = shared_names()
_READ_BY_DAGSTER_ITSELF = {"DAGSTER_DAEMON_HEARTBEAT_TOLERANCE"}


def test_terraform_sets_exactly_the_settings() -> None:
    settings = {f"HEDGEHOG_{name.upper()}" for name in Settings.__dataclass_fields__}
    assert _set("HEDGEHOG_") == settings
    assert set(re.findall(r"HEDGEHOG_\w+", (REPOSITORY / ".env.example").read_text())) == settings


def test_ec2_accepts_the_descriptions_of_security_groups() -> None:
    """EC2 allows letters, digits, spaces and `._-:/()#,@[]+=&;{}!$*`, no apostrophe."""
    group = re.compile(r'resource "aws_(?:vpc_)?security_group.*?^}', re.MULTILINE | re.DOTALL)
    found = [
        description
        for file in TERRAFORM.rglob("*.tf")
        for block in group.findall(file.read_text(encoding="utf-8"))
        for description in re.findall(r'description\s*=\s*"(.*)"', block)
    ]
    assert found
    assert not [text for text in found if not re.fullmatch(r"[\w .:/()#,@\[\]+=&;{}!$*-]+", text)]


def test_terraform_sets_exactly_the_variables_of_dagster() -> None:
    read = {
        name for file in DEPLOY.glob("*.yaml") for name in _variables(yaml.safe_load(file.open()))
    }
    read |= set(re.findall(r"DAGSTER_\w+", Path(healthcheck.__file__).read_text()))
    assert _set("DAGSTER_") == read | _READ_BY_DAGSTER_ITSELF


def test_the_files_have_the_paths_of_the_image() -> None:
    (home,) = re.findall(r"DAGSTER_HOME=(\S+)", (REPOSITORY / "Dockerfile").read_text())
    environment = _NAMES["environment"]
    assert {environment["HEDGEHOG_DATABASE_CA"], environment["PGSSLROOTCERT"]} == {
        f"{home}/rds.pem"
    }
    services = (TERRAFORM / "modules" / "platform" / "main.tf").read_text()
    assert f'"{home}/workspace.yaml"' in services


def test_no_password_is_set_in_plain_sight() -> None:
    assert not any("PASSWORD" in name for name in _NAMES["environment"])
    assert "DAGSTER_POSTGRES_PASSWORD" in _NAMES["secrets"]


def test_every_job_has_a_size_and_a_role() -> None:
    jobs = {job.name for job in defs.resolve_all_job_defs() if not job.name.startswith("__")}
    assert set(_NAMES["kinds_of_jobs"]) == jobs


def test_the_alarms_match_the_log_lines_of_the_sensors(capsys: pytest.CaptureFixture[str]) -> None:
    log = WatchLog(None)
    log.lag(12.34)
    log.run_failed("storage", "a run")
    log.stuck("storage", [3])
    lines = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    assert [line["event"] for line in lines] == list(_NAMES["events"].values())
    assert lines[0]["seconds"] == 12.3


def _set(prefix: str) -> set[str]:
    names = [*_NAMES["environment"], *_NAMES["secrets"]]
    assert len(names) == len(set(names))
    return {name for name in names if name.startswith(prefix)}


def _variables(config: Any) -> list[str]:
    """Find each `{env: NAME}`."""
    if isinstance(config, dict):
        if set(config) == {"env"}:
            return [config["env"]]
        config = list(config.values())
    return (
        [name for item in config for name in _variables(item)] if isinstance(config, list) else []
    )
