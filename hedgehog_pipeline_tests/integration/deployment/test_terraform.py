"""The Terraform files are valid and their own tests pass, if Terraform is installed."""

import os
import shutil
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from hedgehog_pipeline_tests.support.repository import REPOSITORY
from hedgehog_pipeline_tests.support.repository_files import TERRAFORM

_PROGRAM = shutil.which("terraform")
_CHECK = Path(
    os.environ.get("TERRAFORM_CHECK", REPOSITORY.parent / "shared" / "terraform-check" / "check")
)
"""A program that checks a module without downloading the provider, if it exists."""

_QUIET = {"TF_IN_AUTOMATION": "1", "TF_INPUT": "0", "CHECKPOINT_DISABLE": "1"}
_SECONDS_TO_DOWNLOAD = 120

pytestmark = pytest.mark.timeout(600)


def test_fmt_validate_and_test_pass(tmp_path: Path, tell: Callable[[str], None]) -> None:
    if _PROGRAM is None:
        _skip(tell, "terraform is not installed")
    if _CHECK.exists():
        output = _run([str(_CHECK), str(TERRAFORM)], tmp_path)
    else:
        module = shutil.copytree(TERRAFORM, tmp_path / "terraform")
        _run(["terraform", "fmt", "-check", "-recursive", "-diff"], module)
        _download_provider(module, tell)
        output = _run(["terraform", "validate", "-no-color"], module)
        output += _run(["terraform", "test", "-no-color"], module)
    tell(f"terraform: {output.splitlines()[-1]}")
    assert ", 0 failed" in output


def _download_provider(module: Path, tell: Callable[[str], None]) -> None:
    command = ["terraform", "init", "-backend=false", "-no-color"]
    try:
        _run(command, module, seconds=_SECONDS_TO_DOWNLOAD)
    except (AssertionError, subprocess.TimeoutExpired):
        _skip(tell, "its AWS provider cannot be downloaded; fmt found no fault")


def _run(command: Sequence[str], folder: Path, seconds: float | None = None) -> str:
    done = subprocess.run(
        command,
        cwd=folder,
        env={**os.environ, **_QUIET},
        capture_output=True,
        text=True,
        check=False,
        timeout=seconds,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout.strip()


def _skip(tell: Callable[[str], None], reason: str) -> None:
    tell(f"terraform: not checked, {reason}")
    pytest.skip(reason)
