"""Files and settings that pages name exist under that name."""

import re
import subprocess
from datetime import date

import pytest

from hedgehog_pipeline.settings import Settings
from hedgehog_pipeline_tests.support.pages import Page, pages
from hedgehog_pipeline_tests.support.repository import REPOSITORY

_BUCKET_FOLDERS = ("checkpoints/", "commits/", "inbox/", "oltp/", "run/", "star/")
_FILE_NAME = re.compile(r"[\w./-]+(?:/|\.(?:json|md|png|py|tf|toml|txt|ya?ml))")
_ENV = (REPOSITORY / ".env.example").read_text(encoding="utf-8")


@pytest.mark.parametrize("page", pages(), ids=str)
def test_files_in_backticks_exist(page: Page, files: list[str]) -> None:
    named = {text for text in page.inline_code if _FILE_NAME.fullmatch(text)}
    expected = [name for name in named if not name.startswith(_BUCKET_FOLDERS)]
    missing = [name for name in expected if not any(f"/{name}" in file for file in files)]
    assert not missing, f"{page} names {missing}"


@pytest.mark.parametrize("page", pages(), ids=str)
def test_variables_are_settings(page: Page) -> None:
    named = set(re.findall(r"HEDGEHOG_[A-Z_]*[A-Z]", page.path.read_text(encoding="utf-8")))
    assert named <= {f"HEDGEHOG_{name.upper()}" for name in Settings.__dataclass_fields__}


def test_the_example_environment_has_the_defaults() -> None:
    examples = dict(re.findall(r"^#?HEDGEHOG_(\w+)=(\S+)", _ENV, flags=re.MULTILINE))
    defaults = {
        name.upper(): default.isoformat() if isinstance(default, date) else str(default)
        for name in Settings.__dataclass_fields__
        if (default := getattr(Settings(), name)) not in {None, "{}"}
    }
    assert {name: examples[name] for name in defaults} == defaults


def test_the_map_in_the_readme_has_every_part_of_the_package() -> None:
    package = REPOSITORY / "hedgehog_pipeline"
    named = set(Page(REPOSITORY / "README.md").inline_code)
    parts = {
        f"hedgehog_pipeline/{part.name}{'/' if part.is_dir() else ''}"
        for part in package.iterdir()
        if not part.name.startswith(("_", ".")) and part.suffix in {"", ".py"}
    }
    assert parts <= named


@pytest.fixture(scope="module")
def files() -> list[str]:
    """Every file that is in the repository, or new and not ignored, with a slash before it."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=True)
    return [f"/{name}" for name in listed.stdout.splitlines()]
