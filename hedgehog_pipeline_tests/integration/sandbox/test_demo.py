"""`make demo`, the first command of the README, in an empty folder."""

import calendar
import os
import re
import subprocess
import sys
from pathlib import Path

from hedgehog_pipeline.sandbox.sandbox import Sandbox
from hedgehog_pipeline_tests.support.makefile import commands_of
from hedgehog_pipeline_tests.support.pages import Page
from hedgehog_pipeline_tests.support.repository import REPOSITORY

_SCREEN_LINES, _SCREEN_COLUMNS = 24, 80
_HEDGEHOG = Path(sys.executable).parent / "hedgehog"
_README_OUTPUT = [
    line
    for block in Page(REPOSITORY / "README.md").blocks
    if block.language == "text"
    for line in block.text.splitlines()
]
_VARIABLE_PARTS = re.compile(rf"[\d.,:-]+|{'|'.join(calendar.month_name[1:])}|GBP|USD|EUR")
_STAGES = ("extraction", "processing", "storage")


def _kind_of(line: str) -> str:
    """Return a line of the demo without its figures, dates and spaces."""
    return "".join(_VARIABLE_PARTS.sub("0", line).split())


def _hedgehog(folder: Path, *words: str) -> str:
    ours = ("AWS_", "DAGSTER_", "HEDGEHOG_")
    bare = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    done = subprocess.run(
        [_HEDGEHOG, *words], cwd=folder, env=bare, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_demo_prints_what_the_readme_shows_and_leaves_a_running_sandbox(tmp_path: Path):
    ((_, *words),) = commands_of("demo")
    try:
        output = _hedgehog(tmp_path, *words, "--orders", "300")
        for title in ("Load", "Changes", "Revenue by month", "One order, before and"):
            assert title in output
        # On a slow machine each stage prints its progress every ten seconds.
        lines = [line for line in output.splitlines() if not line.startswith(_STAGES)]
        assert len(lines) < _SCREEN_LINES
        assert max(map(len, lines)) <= _SCREEN_COLUMNS
        assert " dev " in lines[-3]
        assert _README_OUTPUT
        assert set(map(_kind_of, _README_OUTPUT)) <= set(map(_kind_of, output.splitlines()))
        assert "up to date" in _hedgehog(tmp_path, "status")
        assert "not running" not in _hedgehog(tmp_path, "sandbox", "status")
        _hedgehog(tmp_path, "sandbox", "down")
        assert _hedgehog(tmp_path, "sandbox", "status").count("not running") == 3
    finally:
        Sandbox(tmp_path / ".sandbox").down()
