"""An invalid model fails with one sentence, before anything is connected."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from dagster import AssetKey

from hedgehog_pipeline import deployment
from hedgehog_pipeline.definitions import platform
from hedgehog_pipeline.errors import HedgehogError
from hedgehog_pipeline.model.model import load_model
from hedgehog_pipeline.settings import Settings
from hedgehog_pipeline_tests.support.repository import REPOSITORY

_load_model = load_model.__wrapped__
"""Each test has another model under the same name, so none may be cached."""

_SHOP = """
from hedgehog_pipeline.model.source_columns import key, text
from hedgehog_pipeline.model.tables import SourceTable
TABLES = (SourceTable("town", "Towns.", (key("nr", "town"), text("name", "Name."))),)
"""
_STAR = """
from hedgehog_pipeline.model.star_columns import key, like, reference
from hedgehog_pipeline.model.tables import Dimension, Fact
from hedgehog_pipeline_tests.support.repository import REPOSITORY
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
    "no package": ({}, "The module mine.shop cannot be imported (No module named 'mine')"),
    "no star": ({"__init__": "", "shop": _SHOP}, "The module mine.star cannot be imported"),
    "no tables": (
        {"shop": "", "star": _STAR},
        "mine.shop has no TABLES: declare a tuple of SourceTable",
    ),
    "a list": (
        {"shop": _SHOP, "star": "TABLES = []"},
        "mine.star has no TABLES: declare a tuple of Dimension and Fact",
    ),
    "other things": (
        {"shop": _SHOP, "star": "TABLES = (1,)"},
        "mine.star has no TABLES",
    ),
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


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder on Python's path, for a model named `mine`."""
    monkeypatch.syspath_prepend(tmp_path)
    yield tmp_path
    for name in [name for name in sys.modules if name.partition(".")[0] == "mine"]:
        del sys.modules[name]


def _write(folder: Path, modules: dict[str, str]) -> None:
    if modules:
        (folder / "mine").mkdir()
    for name, source in modules.items():
        (folder / "mine" / f"{name}.py").write_text(source)


@pytest.mark.parametrize("case", _MODELS)
def test_an_inconsistent_model_is_refused(folder: Path, case: str) -> None:
    modules, message = _MODELS[case]
    _write(folder, modules)
    with pytest.raises(HedgehogError, match=re.escape(message)):
        _load_model("mine")


@pytest.mark.parametrize("case", _FUNCTIONS)
def test_functions_that_do_not_fit_are_refused_when_definitions_are_loaded(
    folder: Path, case: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    functions, message = _FUNCTIONS[case]
    monkeypatch.setattr(deployment, "load_model", _load_model)
    _write(folder, {"shop": _SHOP, "star": _STAR, "dimensions": functions, "facts": ""})
    with pytest.raises(HedgehogError, match=re.escape(f"do not fit the star: {message}")):
        platform(Settings(model="mine"))


def test_two_models_have_platforms_of_their_own_in_one_process() -> None:
    models = ("hedgehog_pipeline.totesys", "hedgehog_pipeline_tests.support.bicycles")
    demo, bicycles = (
        platform(Settings(model=model)).resolve_asset_graph().get_all_asset_keys()
        for model in models
    )
    assert AssetKey(["warehouse", "fact_sales_order"]) in demo - bicycles
    assert AssetKey(["warehouse", "fact_hire"]) in bicycles - demo


def test_the_command_prints_one_sentence_about_a_model_that_its_env_file_names(
    tmp_path: Path,
) -> None:
    (tmp_path / ".env").write_text("HEDGEHOG_MODEL=mine\n")
    _write(tmp_path, {"__init__": ""})
    environment = {k: v for k, v in os.environ.items() if not k.startswith("HEDGEHOG_")}
    ended = subprocess.run(
        [sys.executable, "-c", "from hedgehog_pipeline.cli import main; main()", "reconcile", "x"],
        cwd=tmp_path,
        env=environment | {"PYTHONPATH": os.pathsep.join([str(REPOSITORY), str(tmp_path)])},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (ended.returncode, ended.stdout) == (1, "")
    assert ended.stderr.startswith("hedgehog: The module mine.shop cannot be imported")
    assert len(ended.stderr.splitlines()) == 1
