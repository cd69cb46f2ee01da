"""The modules and commands of the page "Your own asset" run, on a shop with one row a table."""

import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from dagster import AssetKey, AssetMaterialization, DagsterInstance, evaluate_automation_conditions
from dagster._core.workspace.load import location_origins_from_yaml_paths
from dagster._core.workspace.load_target import get_origins_from_toml

from hedgehog_pipeline.orchestration.partitions import DAYS
from hedgehog_pipeline_tests.support.pages import Page
from hedgehog_pipeline_tests.support.repository import REPOSITORY
from hedgehog_pipeline_tests.support.world import World

_PAGE = Page(REPOSITORY / "docs" / "your-own-asset.md")
_PREFIXES = ("AWS_", "DAGSTER_", "HEDGEHOG_", "PG")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with the modules of the page; the first line of each block is its file name."""
    for block in _PAGE.blocks:
        if block.language == "python":
            name = re.match(r"# (\w+\.py)\n", block.text)
            assert name, block.text
            (tmp_path / name[1]).write_text(block.text)
    return tmp_path


def test_the_page_does_what_it_says(world: World, folder: Path) -> None:
    world.load_small()
    aws = {name: value for name, value in os.environ.items() if name.startswith("AWS_")}
    settings = {**world.environment, **aws}
    (folder / ".env").write_text("".join(f"{name}='{text}'\n" for name, text in settings.items()))
    commands = [block.text for block in _PAGE.blocks if block.language == "sh"]
    assert len(commands) == 3
    outputs = [_run(folder, command) for command in commands]
    frames = outputs[-1]
    assert re.search(r"2026-06 +Wooden +3645\.00", frames)
    assert "design_id design_name" in frames
    stored = [key for key in world.keys(world.settings.processed_bucket) if key[:7] == "assets/"]
    first_number = "99999999999999999999"
    assert stored == [
        f"assets/large_orders/{DAYS.get_last_partition_key()}/{first_number}.parquet",
        f"assets/revenue_by_month/whole/{first_number}.parquet",
    ]


def test_a_load_of_an_input_requests_the_mart(marts: Any) -> None:
    mart = AssetKey("revenue_by_month")
    with DagsterInstance.ephemeral() as instance:
        instance.report_runless_asset_event(AssetMaterialization(mart))
        first = evaluate_automation_conditions(marts.defs, instance)
        again = evaluate_automation_conditions(marts.defs, instance, cursor=first.cursor)
        assert again.get_num_requested(mart) == 0
        today = DAYS.get_last_partition_key()
        order = AssetKey(["warehouse", "fact_sales_order"])
        instance.report_runless_asset_event(AssetMaterialization(order, partition=today))
        loaded = evaluate_automation_conditions(marts.defs, instance, cursor=again.cursor)
        assert loaded.get_num_requested(mart) == 1


@pytest.mark.parametrize(
    ("language", "file", "load"),
    [
        ("yaml", "workspace.yaml", lambda file: location_origins_from_yaml_paths([file])),
        ("toml", "pyproject.toml", get_origins_from_toml),
    ],
)
def test_dagster_finds_the_module_under_the_name_of_hedgehog(
    folder: Path, language: str, file: str, load: Callable[[str], list[Any]]
) -> None:
    (text,) = (block.text for block in _PAGE.blocks if block.language == language)
    (folder / file).write_text(text)
    (found,) = load(str(folder / file))
    assert found.location_name == "hedgehog"
    assert found.loadable_target_origin.module_name == "marts"


@pytest.fixture
def marts(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    monkeypatch.syspath_prepend(folder)
    import marts  # pyright: ignore[reportMissingImports]

    yield marts
    del sys.modules["marts"]


def _run(folder: Path, command: str) -> str:
    """Run a command in the environment of a reader who activated .venv; return its output."""
    bare = {name: value for name, value in os.environ.items() if not name.startswith(_PREFIXES)}
    programs = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", command],
        cwd=folder,
        env={**bare, "PATH": programs, "PYTHONPATH": str(REPOSITORY)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"{command}: {done.stderr}"
    return done.stdout
