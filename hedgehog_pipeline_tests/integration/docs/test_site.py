"""`make docs` builds a site of all pages, without a warning, that needs no network."""

import re
import subprocess
import sys
from html import unescape
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from hedgehog_pipeline_tests.support.makefile import commands_of
from hedgehog_pipeline_tests.support.pages import Page
from hedgehog_pipeline_tests.support.repository import REPOSITORY

_LOADED = re.compile(
    r"""(?:\bsrc(?:set)?=|<(?:link|image|use)\b[^>]*?\bhref=|\burl\(|@import (?:url\()?)"""
    r"""["']?([^"')>\s]+)"""
)
"""What a browser loads by itself: not the targets of links."""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("docs")
    *_, (program, *words, target) = commands_of("docs")
    assert target.startswith("docs/")
    done = subprocess.run(
        [
            Path(sys.executable).parent / Path(program).name,
            *("-d", folder / "doctrees"),
            *(*words, folder / "site"),
        ],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return folder / "site"


def test_the_site_contains_every_page(site: Path) -> None:
    built = {page.relative_to(site).stem for page in site.rglob("*.html")}
    assert {page.stem for page in (REPOSITORY / "docs").glob("*.md")} <= built


def test_the_first_page_shows_the_first_screen_of_the_readme(site: Path) -> None:
    readme = Page(REPOSITORY / "README.md")
    pitch = re.sub(r"\[([^]]+)\]\([^)]+\)", r"\1", readme.path.read_text().split("\n\n")[1])
    page = (site / "index.html").read_text(encoding="utf-8")
    shown = _words(unescape(re.sub(r"<[^>]+>", "", page)))
    assert all(_words(text) in shown for text in [pitch, *(b.text for b in readme.blocks[:3])])
    assert {*_LOADED.findall(page)} >= {"_images/graph.png"}


def test_the_site_loads_nothing_from_elsewhere(site: Path) -> None:
    loaded = {
        address
        for file in site.rglob("*")
        if file.suffix in {".css", ".html", ".svg"}
        for address in _LOADED.findall(file.read_text(encoding="utf-8"))
    }
    assert loaded >= {"_images/source.svg", "_images/star.svg"}
    assert not {address for address in loaded if urlsplit(address).netloc}


def _words(text: str) -> str:
    return " ".join(text.split())
