"""`make lint` finds an import that leads up, in a circle, or to Dagster."""

import os
import re
import subprocess
import sys
from pathlib import Path
from shutil import copy2, copytree, ignore_patterns

import pytest

from hedgehog_pipeline_tests.support.repository import REPOSITORY

_LINT_IMPORTS = Path(sys.executable).with_name("lint-imports")
_IMPORT_DAGSTER = {"definitions", "orchestration", "report", "runner"}


@pytest.mark.parametrize(
    ("module", "statement", "contract"),
    [
        ("lake/log.py", "import dagster", "Dagster is imported by"),
        ("runner/runner.py", "import dagster", "Dagster is imported by"),
        ("sandbox/trade.py", "from dagster import job", "Dagster is imported by"),
        ("storage/upsert.py", "import hedgehog_pipeline.processing.plan", "No import leads up"),
        ("lake/log.py", "import hedgehog_pipeline.deployment", "No import leads up"),
        ("cli/status.py", "import hedgehog_pipeline.sandbox.shop", "No import leads up"),
        ("healthcheck.py", "import hedgehog_pipeline.sandbox.shop", "No import leads up"),
        ("new_part.py", "import hedgehog_pipeline.sandbox.shop", "No import leads up"),
    ],
)
def test_a_forbidden_import_breaks_a_contract(
    module: str, statement: str, contract: str, tmp_path: Path
) -> None:
    package = tmp_path / "hedgehog_pipeline"
    copytree(REPOSITORY / "hedgehog_pipeline", package, ignore=ignore_patterns("__pycache__"))
    copy2(REPOSITORY / "pyproject.toml", tmp_path)
    with (package / module).open("a", encoding="utf-8") as file:
        file.write(f"\n{statement}\n")
    lint = subprocess.run(
        [_LINT_IMPORTS, "--no-cache"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert lint.returncode != 0
    assert contract in lint.stdout + lint.stderr


def test_every_part_of_the_package_is_in_the_contract_on_dagster() -> None:
    settings = (REPOSITORY / "pyproject.toml").read_text(encoding="utf-8")
    _, contract = settings.split("source_modules = [")
    listed = set(re.findall(r'"hedgehog_pipeline\.(\w+)', contract.split("]")[0]))
    package = REPOSITORY / "hedgehog_pipeline"
    parts = {part.stem for part in package.iterdir() if not part.name.startswith(("_", "."))}
    assert parts - {"py"} - _IMPORT_DAGSTER <= listed
