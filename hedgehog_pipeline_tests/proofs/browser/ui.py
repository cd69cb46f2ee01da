"""The platform in a temporary folder, and its UI in Chromium."""

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.error import URLError
from urllib.request import Request, urlopen

from playwright.sync_api import Browser, Locator, Page, expect, sync_playwright

from hedgehog_pipeline.sandbox.dev import platform_at_work
from hedgehog_pipeline.sandbox.files import private_folder
from hedgehog_pipeline.sandbox.ports import keep_ports
from hedgehog_pipeline.sandbox.waiting import await_condition

CHROMIUM = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), ""
)
GROUPS = ("extraction", "processing", "storage", "report")
_TIMEOUT_MS = 120_000
"""Long, because a page loads slowly on a busy machine."""

ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
_START_SECONDS = 180
expect.set_options(timeout=_TIMEOUT_MS)
_EXPANDED = "%2C".join(f"global%40global%3A{group}" for group in GROUPS)
_LOADED = """{ assetNodes { assetMaterializations(limit: 1) { runId } } }"""


@dataclass(frozen=True)
class Ui:
    """The Dagster UI in a browser."""

    url: str
    browser: Browser

    @contextmanager
    def page(self, path: str, **options: Any) -> Iterator[Page]:
        """Open a page in a new browser context."""
        page = self.browser.new_page(**{"viewport": {"width": 1600, "height": 1500}, **options})
        page.set_default_timeout(_TIMEOUT_MS)
        page.goto(self.url + path)
        yield page
        page.context.close()

    @contextmanager
    def graph(self, **options: Any) -> Iterator[Page]:
        """Open the graph of all assets with its groups expanded, each asset in two lines."""
        wide = {"width": 2400, "height": 2000}  # smaller boxes hide some lines
        with self.page("/asset-groups", viewport=wide, **options) as page:
            page.evaluate("localStorage['asset-node-facets'] = '[\"latest-event\",\"kind-tag\"]'")
            page.goto(f"{self.url}/asset-groups?expanded={_EXPANDED}")
            expect(nodes(page).filter(has_text="ago")).to_have_count(39)
            yield page

    def ask(self, query: str) -> Any:
        """Send a GraphQL query to Dagster; return its data."""
        body = json.dumps({"query": query}).encode()
        request = Request(f"{self.url}/graphql", body, {"content-type": "application/json"})
        with urlopen(request) as answer:
            return json.load(answer)["data"]

    def all_loaded(self) -> bool:
        """Return whether each asset has been materialised."""
        try:
            assets = self.ask(_LOADED)["assetNodes"]
        except URLError:
            return False
        return bool(assets) and all(asset["assetMaterializations"] for asset in assets)


def nodes(page: Page) -> Locator:
    """Return the assets of a graph."""
    return page.locator("foreignObject [class*=assetNodeBox]")


@contextmanager
def ui_at_work() -> Iterator[Ui]:
    """Start the platform and a browser, and wait until the initial load is in the warehouse."""
    with TemporaryDirectory() as parent, sync_playwright() as playwright:
        folder = Path(parent) / ".sandbox"
        private_folder(folder)
        port = keep_ports(folder / "ui.json", ["ui"])["ui"]
        with platform_at_work(folder, orders=300, port=port, log=folder / "dev.log"):
            browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
            ui = Ui(f"http://127.0.0.1:{port}", browser)
            loaded = await_condition(ui.all_loaded, _START_SECONDS)
            assert loaded, (folder / "dev.log").read_text()[-5000:]
            yield ui
            browser.close()
