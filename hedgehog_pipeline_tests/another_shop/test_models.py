"""An invalid model fails with one sentence, before anything is connected."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

_ROOT = Path(__file__).parents[2]
_SHOP = """
from hedgehog_pipeline.model.source_columns import key, text
from hedgehog_pipeline.model.tables import SourceTable
TABLES = (SourceTable("town", "Towns.", (key("nr", "town"), text("name", "Name."))),)
"""
_STAR = """
from hedgehog_pipeline.model.star_columns import key, like, reference
from hedgehog_pipeline.model.tables import Dimension, Fact
NR = key("town.nr", "Key.")
TABLES = (
    Dimension("dim_town", "A town.", (NR, like("town.name", "Name.")), ("town",)),
    Fact(
        "fact",
        "A town.",
        (NR, reference("town.nr", "dim_town", name="again")),
        ("town",),
        serial="record",
    ),
)
"""
_MODELS = {
    "no package": ({}, "The module mine.star cannot be imported (No module named 'mine')"),
    "no star": ({"__init__": ""}, "The module mine.star cannot be imported"),
    "no tables": (
        {"shop": "", "star": _STAR},
        "mine.shop has no TABLES: declare a tuple of SourceTable",
    ),
    "a list": (
        {"star": "TABLES = []"},
        "mine.star has no TABLES: declare a tuple of Dimension and Fact",
    ),
    "other things": ({"star": "TABLES = (1,)"}, "mine.star has no TABLES"),
    "a table twice": (
        {"shop": f"{_SHOP}\nTABLES *= 2", "star": _STAR},
        "The declarations in mine.shop are not consistent: the table town is declared twice.",
    ),
    "an unknown input": (
        {"shop": _SHOP, "star": _STAR.replace('("town",)', '("city",)')},
        "The declarations in mine.star are not consistent: dim_town: input 'city' is not",
    ),
}
_FUNCTIONS = {
    "none": ("", "there is no function dim_town; there is no function fact"),
    "another number of frames": (
        "def dim_town(a, b): ...\ndef fact(a): ...",
        "the function dim_town must take 1 data frame(s)",
    ),
}


def _run(folder: Path, modules: dict[str, str], code: str) -> subprocess.CompletedProcess[str]:
    """Run Python in a folder whose `.env` file names the model; the environment does not."""
    (folder / ".env").write_text("HEDGEHOG_MODEL=mine\n")
    if modules:
        (folder / "mine").mkdir()
    for name, source in modules.items():
        (folder / "mine" / f"{name}.py").write_text(source)
    environment = {k: v for k, v in os.environ.items() if not k.startswith("HEDGEHOG_")}
    return subprocess.run(
        [sys.executable, "-c", code, "reconcile", "x"],
        cwd=folder,
        env=environment | {"PYTHONPATH": os.pathsep.join([str(_ROOT), str(folder)])},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("case", _MODELS)
def test_an_inconsistent_model_fails_with_one_sentence(tmp_path: Path, case: str):
    modules, message = _MODELS[case]
    ended = _run(tmp_path, modules, "from hedgehog_pipeline.cli import main; main()")
    assert (ended.returncode, ended.stdout) == (1, "")
    assert ended.stderr.startswith(f"hedgehog: {message}"), ended.stderr
    assert len(ended.stderr.splitlines()) == 1


@pytest.mark.parametrize("case", _FUNCTIONS)
def test_functions_that_do_not_fit_fail_when_definitions_are_loaded(tmp_path: Path, case: str):
    functions, message = _FUNCTIONS[case]
    modules = {"shop": _SHOP, "star": _STAR, "dimensions": functions, "facts": ""}
    code = (
        "from dotenv import load_dotenv; load_dotenv('.env'); import hedgehog_pipeline.definitions"
    )
    ended = _run(tmp_path, modules, code)
    assert ended.returncode == 1
    assert f"do not fit the star: {message}" in ended.stderr
