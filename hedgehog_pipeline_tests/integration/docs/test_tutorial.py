"""The blocks of the tutorial run, one by one, in a copy of the package."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from hedgehog_pipeline.sandbox.sandbox import Sandbox
from hedgehog_pipeline_tests.support.pages import Page
from hedgehog_pipeline_tests.support.repository import REPOSITORY

_TUTORIAL = Page(REPOSITORY / "docs" / "tutorial.md")
_RATES = re.compile(r" +[\d.]+ s +[\d,]+ rows/s$|(?<=\S) +$", flags=re.MULTILINE)
"""What differs between machines: the speed of a stage, and blanks at the end of a line."""


def test_the_tutorial_does_what_it_says(tmp_path: Path) -> None:
    package = "hedgehog_pipeline"
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(REPOSITORY / package, tmp_path / package, ignore=ignored)
    output = ""
    try:
        for block in _TUTORIAL.blocks:
            if block.language == "sh":
                output = _run(tmp_path, "bash", "-euo", "pipefail", "-c", block.text)
            elif block.language == "diff":
                _run(tmp_path, "git", "apply", "-", text=block.text)
            else:
                assert block.language == "text"
                assert block.text in _RATES.sub("", output)
    finally:
        Sandbox(tmp_path / ".sandbox").down()


def _run(folder: Path, *command: str, text: str = "") -> str:
    """Run a command in the environment of a reader who activated .venv; return its output."""
    ours = ("AWS_", "DAGSTER_", "HEDGEHOG_", "PG")
    bare = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    programs = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        command,
        cwd=folder,
        env={**bare, "PATH": programs, "PYTHONPATH": str(folder)},
        input=text,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"{command}: {done.stderr}"
    return done.stdout
