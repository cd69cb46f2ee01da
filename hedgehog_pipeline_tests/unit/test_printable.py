"""Foreign text is harmless to a terminal, and is no markup in a page."""

import json
import logging

import pytest

from hedgehog_pipeline.logs.lines import TextFormatter
from hedgehog_pipeline.logs.reader import LogReader
from hedgehog_pipeline.printable import printable, printable_lines, without_markup


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Zoë 木", "Zoë 木"),
        ("\x1b]0;title\x07", r"\x1b]0;title\x07"),
        ("\x9b2J", r"\x9b2J"),
        ("a\r\nb\tc", r"a\r\nb\tc"),
        ("\u202egnp.exe", r"\u202egnp.exe"),
        ("\u200b\U000e0041", r"\u200b\U000e0041"),
    ],
)
def test_invisible_characters_are_shown_escaped(text: str, shown: str) -> None:
    assert printable(text) == shown


def test_a_long_text_is_cut_before_it_is_escaped() -> None:
    assert printable("\x1b" * 9, 3) == r"\x1b\x1b…"


def test_lines_stay_lines() -> None:
    assert printable_lines("a\n\x1bb") == "a\n\\x1bb"


def test_no_picture_no_link_and_no_html_remains_in_markdown() -> None:
    text = r"![a](http://evil.test) <img src=x> \![b](c) `run`"
    assert without_markup(text) == r"!\[a](http://evil.test) \<img src=x> \\!\[b](c) `run`"


def test_a_log_line_is_one_line_whatever_the_name_of_a_source_column() -> None:
    columns = ["a\n12:00:00  commit 9 loaded\x1b[2J"]
    record = logging.makeLogRecord({"msg": f"it has {columns[0]}", "levelno": logging.INFO})
    shown = TextFormatter(colour=False).format(record)
    read = LogReader().read(
        json.dumps(
            {
                "at": "2026-11-04T12:00:00.000+00:00",
                "level": "INFO",
                "event": "columns not declared",
                "table": "design",
                "columns": columns,
            }
        )
    )
    assert read
    for line in (shown, read.text):
        assert r"a\n12:00:00  commit 9 loaded\x1b[2J" in line
        assert line.isprintable()


def test_a_line_of_another_program_loses_its_terminal_sequences() -> None:
    read = LogReader().read("\x1b[31mERROR\x1b[0m \x9b2J")
    assert read
    assert read.text == r"ERROR \x9b2J"
