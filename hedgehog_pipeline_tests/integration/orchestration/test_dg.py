"""Dagster's `dg` finds the platform by pyproject.toml, checks it, and launches its assets."""

import json
import os
import subprocess
import sys
from datetime import datetime, timezone
from pathlib import Path

import pytest

from hedgehog_pipeline_tests.support.repository import REPOSITORY
from hedgehog_pipeline_tests.support.world import World

_DG = Path(sys.executable).with_name("dg")
_CHECK_AND_LIST = """
from dagster_dg_cli.cli import cli
for arguments in (["check", "defs"], ["list", "defs", "--json"]):
    if failed := cli(arguments, standalone_mode=False):
        raise SystemExit(failed)
"""
"""One process for both: what they import takes most of their time."""

pytest.importorskip("dagster_dg_cli", reason="the extra dg is not installed")


def test_the_platform_is_checked_and_listed() -> None:
    output = _run(sys.executable, "-c", _CHECK_AND_LIST)
    _checks, listed = output.split("All definitions loaded successfully.\n")
    assert len(json.loads(listed)["assets"]) == 39


def test_an_asset_is_launched_for_a_day(world: World) -> None:
    world.load_small()
    today = datetime.now(timezone.utc).date().isoformat()
    launch = (_DG, "launch", "--assets", "oltp/staff", "--partition", today)
    _run(*launch, **world.environment)
    (commit,) = world.commits(world.settings.ingestion_bucket)
    assert {part["asset"] for part in commit["parts"]} == {"oltp/staff"}


def _run(*command: str | Path, **settings: str) -> str:
    done = subprocess.run(
        command,
        cwd=REPOSITORY,
        env={**os.environ, **settings, "PYTHONPATH": str(REPOSITORY)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    return done.stdout
