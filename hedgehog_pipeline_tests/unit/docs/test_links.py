"""Every link between pages, and to files and headings, has a target."""

from functools import cache
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

from hedgehog_pipeline_tests.support.pages import Page, pages


@pytest.mark.parametrize("page", pages(), ids=str)
def test_links_lead_to_existing_files_and_headings(page: Page) -> None:
    dead = [link for link in page.links if not urlsplit(link).scheme and not _exists(page, link)]
    assert not dead, f"{page} links to {dead}"


def _exists(page: Page, link: str) -> bool:
    parts = urlsplit(link)
    target = page.path.parent / unquote(parts.path) if parts.path else page.path
    if not parts.fragment:
        return target.exists()
    return target.suffix == ".md" and target.is_file() and parts.fragment in _anchors(target)


@cache
def _anchors(target: Path) -> set[str]:
    return Page(target).anchors
