"""The page in Chromium: on phone and desktop, light and dark, with keyboard and screen reader."""

import base64
import re
from collections.abc import Iterator
from datetime import datetime, timezone
from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from hedgehog_pipeline.report.making import make_report
from hedgehog_pipeline.report.themes import DARK, LIGHT, Theme
from hedgehog_pipeline_tests.proofs.browser.ui import ARGUMENTS, CHROMIUM
from hedgehog_pipeline_tests.support.servers import Servers
from hedgehog_pipeline_tests.support.traded import traded_world
from hedgehog_pipeline_tests.support.world import World

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not CHROMIUM, reason="There is no chromium on this machine."),
]

TITLES = (
    "Revenue by month and currency",
    "Best designs",
    "Staff league",
    "Outstanding payments",
    "Orders by country of delivery",
)
Scheme = Literal["light", "dark"]
_CHART = re.compile("chart of .*table that follows")


@pytest.fixture(scope="module")
def traded(servers: Servers) -> Iterator[World]:
    """A loaded shop with three currencies, in which some rows were changed and deleted."""
    with traded_world(servers) as world:
        yield world


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def file(traded: World, tmp_path_factory: pytest.TempPathFactory) -> Path:
    bucket = traded.deployment.lake.processed.bucket
    with traded.deployment.warehouse() as warehouse:
        made = make_report(warehouse, bucket, datetime.now(timezone.utc))
    file = tmp_path_factory.mktemp("report") / "report.html"
    file.write_bytes(made.page)
    return file


def _open(browser: Browser, file: Path, width: int, scheme: Scheme = "light") -> Page:
    page = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)
    page.goto(file.as_uri())
    return page


@pytest.mark.parametrize("width", [320, 390, 1280])
def test_nothing_is_wider_than_the_window(file: Path, browser: Browser, width: int):
    page = _open(browser, file, width)
    assert page.evaluate("document.documentElement.scrollWidth") == width


def test_on_a_phone_no_table_needs_scrolling(file: Path, browser: Browser):
    page = _open(browser, file, 390)
    wider = "tables => tables.filter(t => t.scrollWidth > t.clientWidth + 1).length"
    assert page.eval_on_selector_all(".scroll", wider) == 0


def test_a_screen_reader_finds_landmarks_headings_and_tables(file: Path, browser: Browser):
    page = _open(browser, file, 1280)
    for landmark in ("banner", "navigation", "main", "contentinfo"):
        expect(page.get_by_role(landmark)).to_have_count(1)
    assert page.get_by_role("heading", level=1).all_inner_texts() == ["The shop in figures"]
    assert page.get_by_role("heading", level=2).all_inner_texts() == list(TITLES)
    for title in TITLES:
        chapter = page.get_by_role("region", name=title, exact=True)
        expect(chapter.get_by_role("img")).to_have_accessible_name(_CHART)
        table = chapter.get_by_role("table", name=f"{title}: the figures")
        expect(table.get_by_role("columnheader").first).to_be_visible()
        expect(table.get_by_role("rowheader").first).to_be_visible()


def test_the_keyboard_reaches_the_figures(file: Path, browser: Browser):
    page = _open(browser, file, 390)
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Go to the figures")).to_be_in_viewport()
    page.keyboard.press("Enter")
    expect(page.get_by_role("main")).to_be_focused()


@pytest.mark.parametrize(("scheme", "theme"), [("light", LIGHT), ("dark", DARK)])
def test_page_and_pictures_follow_the_colour_scheme(
    file: Path, browser: Browser, scheme: Scheme, theme: Theme
):
    page = _open(browser, file, 1280, scheme)
    background = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert background == _rgb(theme.background)
    for source in page.eval_on_selector_all("img", "images => images.map(i => i.currentSrc)"):
        assert theme.background in _decoded(source)
    broken = "images => images.filter(i => !i.naturalWidth).length"
    assert page.eval_on_selector_all("img", broken) == 0


def test_the_browser_requests_only_the_page(file: Path, browser: Browser):
    page = browser.new_page()
    requested: list[str] = []
    page.on("request", lambda request: requested.append(request.url.partition(",")[0]))
    page.goto(file.as_uri())
    page.wait_for_load_state("networkidle")
    assert {url for url in requested if not url.startswith("data:")} == {file.as_uri()}


def _rgb(colour: str) -> str:
    return f"rgb({', '.join(str(int(colour[place : place + 2], 16)) for place in (1, 3, 5))})"


def _decoded(source: str) -> str:
    return base64.b64decode(source.partition(",")[2]).decode()
