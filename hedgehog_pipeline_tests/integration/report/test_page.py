"""The HTML page: summaries, tables, alternative texts, and no network access."""

import base64
import re
from collections.abc import Sequence
from datetime import date, datetime, timezone
from decimal import Decimal

from hedgehog_pipeline.report.chapters import (
    Chapter,
    countries_chapter,
    designs_chapter,
    outstanding_chapter,
    revenue_chapter,
    staff_chapter,
)
from hedgehog_pipeline.report.loaded_commits import LoadedCommits
from hedgehog_pipeline.report.page import write_page
from hedgehog_pipeline.report.pictures import Picture
from hedgehog_pipeline.report.queries import Country, Design, Outstanding, Revenue, Seller
from hedgehog_pipeline.report.themes import DARK, LIGHT
from hedgehog_pipeline_tests.support.report_reading import words_of

_NOW = datetime(2026, 11, 23, 9, 30, tzinfo=timezone.utc)
_LOADED = LoadedCommits(7, "20261123T090000Z-ab", 6)
_CHAPTERS = (
    revenue_chapter(
        [
            Revenue(date(2026, 10, 1), "GBP", 1, Decimal("1234.50")),
            Revenue(date(2026, 11, 1), "EUR", 1, Decimal("0.10")),
            Revenue(date(2026, 11, 1), "GBP", 3, Decimal("1000000.00")),
        ]
    ),
    designs_chapter([Design(1, "<b>Oak & Elm</b>", 2, 5000)]),
    staff_chapter([Seller("GBP", 1, "Ann Ox", "Sales", 4, Decimal("1001234.50"))]),
    outstanding_chapter(
        [
            Outstanding("GBP", "receivable", 0, 2, Decimal("10.00")),
            Outstanding("GBP", "receivable", 2, 1, Decimal("2.50")),
        ],
        _NOW.date(),
    ),
    countries_chapter([Country("Peru", 3, 4000), Country("Other countries", 1, 1000)]),
)
_EMPTY = (
    revenue_chapter([]),
    designs_chapter([]),
    staff_chapter([]),
    outstanding_chapter([], _NOW.date()),
    countries_chapter([]),
)


def _page(
    chapters: Sequence[Chapter], loaded: LoadedCommits | None = _LOADED, *, building: bool = False
) -> str:
    pictures = {c.name: Picture.of(c.chart) for c in chapters if c.chart is not None}
    return write_page(chapters, pictures, loaded, _NOW, building=building).decode()


def test_summaries_have_the_figures():
    words = words_of(_page(_CHAPTERS))
    for sentence in (
        "November 2026: 0.10 EUR in 1 order; 1,000,000.00 GBP in 3 orders.",
        "October 2026 to November 2026: 0.10 EUR in 1 order; 1,001,234.50 GBP in 4 orders.",
        "Ann Ox sold most in GBP: 1,001,234.50 GBP in 4 orders.",
        "Receivable: 12.50 GBP in 3 payments, 2.50 GBP of it late.",
        "3 of 4 orders go to Peru.",
    ):
        assert sentence in words


def test_each_picture_has_an_alternative_text_and_a_table():
    page = _page(_CHAPTERS)
    assert len(re.findall(r'<img [^>]*alt="[^"]{40,}"', page)) == len(_CHAPTERS)
    assert page.count("<caption") == page.count("<table>") == len(_CHAPTERS)
    words = words_of(page)
    assert "Nov 2026 GBP 3 1,000,000.00 Oct 2026 GBP 1 1,234.50" in words
    assert "GBP 31 to 60 days late, receivable 1 2.50" in words


def test_the_page_shows_its_time_and_its_commits():
    words = words_of(_page(_CHAPTERS))
    assert "As of 23 November 2026, 09:30 UTC , through processed commit 7" in words
    assert "6 processed commits are loaded" in words


def test_html_in_a_name_is_escaped():
    page = _page(_CHAPTERS)
    assert "<b>" not in page
    assert "&lt;b&gt;Oak &amp; Elm&lt;/b&gt;" in page


def test_the_page_loads_no_other_file():
    page = _page(_CHAPTERS)
    assert "<script" not in page
    assert "default-src 'none'" in page
    sources = re.findall(r'(?:src|srcset)="([^"]+)"', page)
    assert len(sources) == 2 * len(_CHAPTERS)
    for source in sources:
        kind, _, body = source.partition(",")
        assert kind == "data:image/svg+xml;base64"
        assert (
            set(re.findall(rb'(?:href|src|url)[=(]"?([^")\s]+)', base64.b64decode(body))) == set()
        )
    assert set(re.findall(r'href="([^"]+)"', page)) == {
        "#main",
        *(f"#{chapter.name}" for chapter in _CHAPTERS),
    }


def test_an_empty_warehouse_has_a_notice():
    words = words_of(_page((), loaded=None))
    assert "The warehouse is empty." in words
    assert "commit" not in words


def test_a_warehouse_without_orders_and_payments_has_a_notice():
    page = _page(_EMPTY)
    words = words_of(page)
    assert "The warehouse has no sales orders and no payments yet." in words
    assert words.count("There are no sales orders.") == 4
    assert "Every payment is paid." in words
    assert "<img" not in page
    assert "<table" not in page


def test_a_notice_says_that_figures_are_incomplete_during_the_initial_load():
    assert "these figures are not complete" in words_of(_page(_CHAPTERS, building=True))
    assert "not complete" not in words_of(_page(_CHAPTERS))


def test_text_bars_and_lines_have_enough_contrast():
    for theme in (LIGHT, DARK):
        assert _contrast(theme.text, theme.background) >= 7
        assert _contrast(theme.bar, theme.background) >= 4.5
        assert _contrast(theme.line, theme.background) >= 3


def _contrast(one: str, other: str) -> float:
    """Return the contrast ratio of WCAG 2.2."""
    lighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(colour: str) -> float:
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
