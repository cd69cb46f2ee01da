"""The source code link of each asset."""

import re
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from dagster import AssetKey, CodeReferencesMetadataValue, LocalFileCodeReference, UrlCodeReference

from hedgehog_pipeline.definitions import platform
from hedgehog_pipeline.model.model import Model
from hedgehog_pipeline.model.source_lines import declaration, definition
from hedgehog_pipeline.orchestration.assets.source_links import line_of_table
from hedgehog_pipeline.settings import Settings
from hedgehog_pipeline_tests.support.repository import REPOSITORY

_SETTINGS = Settings.from_environment()
_DECLARES = {
    "oltp": r"\s*SourceTable\(\s*\"{table}\"",
    "star": r"def {table}\(",
    "warehouse": r"\s*(Dimension|Fact)\(\s*\"{table}\"",
    "report": r"def {table}\(",
}


def _links(settings: Settings) -> dict[AssetKey, LocalFileCodeReference | UrlCodeReference]:
    graph = platform(settings).resolve_asset_graph()
    links: dict[AssetKey, LocalFileCodeReference | UrlCodeReference] = {}
    for key in graph.get_all_asset_keys():
        value = graph.get(key).metadata["dagster/code_references"]
        assert isinstance(value, CodeReferencesMetadataValue)
        (links[key],) = value.code_references
    return links


def test_a_link_leads_to_the_line_that_defines_the_asset() -> None:
    for key, link in _links(replace(_SETTINGS, code_url=None)).items():
        assert isinstance(link, LocalFileCodeReference)
        assert link.line_number
        lines = Path(link.file_path).read_text().splitlines()[link.line_number - 1 :]
        layer, table = key.path
        what = "write_page" if table == "page" else table
        wanted = _DECLARES[layer].format(table=what)
        assert re.match(wanted, "\n".join(lines)), f"{key} leads to {lines[0]}"


def test_links_lead_to_the_repository_on_the_web_if_its_url_is_set() -> None:
    here, there = (
        _links(replace(_SETTINGS, code_url=url))
        for url in (None, "https://code.example/hedgehog/tree/4e1f/")
    )
    for key, link in there.items():
        local = here[key]
        assert isinstance(link, UrlCodeReference)
        assert isinstance(local, LocalFileCodeReference)
        path = Path(local.file_path).relative_to(REPOSITORY)
        url = f"https://code.example/hedgehog/tree/4e1f/{path}#L{local.line_number}"
        assert link.url == url


@pytest.fixture
def library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Another team's model, written in other ways."""
    folder = tmp_path / "library"
    (folder / "dimensions").mkdir(parents=True)
    (folder / "__init__.py").touch()
    (folder / "shop.py").write_text('TABLES = tuple(SourceTable(n, "", ()) for n in ("a", "b"))\n')
    (folder / "star.py").write_text(
        'TABLES = (\n    tables.Fact(name="fact_a", inputs=("a",)),\n    like("dim_b"),\n)\n'
    )
    (folder / "dimensions" / "__init__.py").write_text("\nfrom .others import b as dim_b\n")
    (folder / "facts.py").write_text("import pandas\n\nfact_a = make(1)\n")
    monkeypatch.syspath_prepend(tmp_path)
    yield folder
    sys.modules.pop("library", None)


def test_what_another_model_assigns_or_imports_is_found(library: Path) -> None:
    model = Model("library", {}, {})
    places = [line_of_table(model, AssetKey(["star", table])) for table in ("fact_a", "dim_b")]
    assert [(p.file, p.line) for p in places if p] == [
        (library / "facts.py", 3),
        (library / "dimensions" / "__init__.py", 2),
    ]
    assert [str(p.path) for p in places if p] == [
        "library/facts.py",
        "library/dimensions/__init__.py",
    ]


def test_a_table_is_found_by_positional_or_keyword_name(library: Path) -> None:
    found = declaration("library.star", "fact_a")
    assert found
    assert (found.file, found.line) == (library / "star.py", 2)


@pytest.mark.usefixtures("library")
def test_a_table_with_a_computed_name_is_linked_to_its_file() -> None:
    found = declaration("library.shop", "a")
    assert found
    assert (found.file.name, found.line) == ("shop.py", None)


@pytest.mark.usefixtures("library")
def test_a_name_that_a_module_does_not_define_is_not_found() -> None:
    assert definition("library.facts", "dim_b") is None
    assert definition("library.report", "page") is None
