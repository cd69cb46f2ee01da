"""A line of the log is JSON for programs and a sentence for people, and either can be asked for."""

import io
import json
import logging
from typing import Any

import pytest

from hedgehog_pipeline.errors import HedgehogError
from hedgehog_pipeline.logs.lines import JsonFormatter, TextFormatter, as_text
from hedgehog_pipeline.logs.reader import LogReader
from hedgehog_pipeline.logs.sentences import sentence
from hedgehog_pipeline.settings import Settings

_PLACE = {"batch": "b", "commit": 3}


class _Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("event", "fields", "said"),
    [
        (
            "written",
            {**_PLACE, "stage": "extraction", "table": "staff", "rows": 1200, "bytes": 1},
            "staff: 1,200 rows, 1 byte written",
        ),
        (
            "committed",
            {**_PLACE, "stage": "processing", "rows": 1, "bytes": 9, "seconds": 0.24},
            "commit 3 processed: 1 row in 0.2 s",
        ),
        (
            "loaded",
            {
                **_PLACE,
                "stage": "storage",
                "rows": 7,
                "inferred": 2,
                "tombstones": 1,
                "quarantined": 0,
                "seconds": 1.0,
            },
            "commit 3 loaded: 7 rows in 1.0 s, 2 inferred, 1 deleted",
        ),
        (
            "file taken",
            {**_PLACE, "stage": "extraction", "table": "staff", "file": "inbox/staff/a.csv"},
            "commit 3 took a file for staff: file inbox/staff/a.csv",
        ),
        (
            "held back",
            {**_PLACE, "stage": "extraction", "transaction": 7, "others": 1200, "ranges": 1001},
            (
                "transaction 7 of the source is open since 1,200 others began, so that each commit "
                "holds 1,001 ranges of those that are over: end it (pg_stat_activity, "
                "pg_prepared_xacts)"
            ),
        ),
        (
            "columns not declared",
            {**_PLACE, "table": "staff", "columns": ["hat", "shoe"]},
            "staff has columns that no declaration names: hat, shoe",
        ),
        (
            "read in full again",
            {"batch": "b", "why": "it is another server"},
            "the shop is read in full again: it is another server",
        ),
        (
            "let go",
            {"batch": "b", "rows": 0, "bytes": 0},
            "batch b let go, 0 rows: nothing new, or another writer was faster",
        ),
        ("lag", {"seconds": 12.3}, "the warehouse is 12.3 s behind the shop"),
        (
            "stuck",
            {"job": "storage", "commits": [3, 4]},
            "storage is stuck: it tries no more commits 3, 4",
        ),
        ("run failed", {"job": "storage", "run": "r"}, "run r of storage failed"),
        ("of another library", {}, "of another library"),
    ],
)
def test_each_event_is_said_in_a_sentence(event: str, fields: dict[str, Any], said: str) -> None:
    assert sentence(event, fields) == said


def test_the_line_of_a_commit_says_how_many_tables_it_holds() -> None:
    fields = {**_PLACE, "stage": "extraction", "rows": 5, "bytes": 9, "seconds": 0.8}
    assert sentence("committed", fields, 3) == "commit 3 landed: 5 rows of 3 tables in 0.8 s"


def test_a_terminal_gets_text_a_file_json_and_the_setting_decides_first() -> None:
    assert as_text(None, _Terminal())
    assert not as_text(None, io.StringIO())
    assert not as_text("json", _Terminal())
    assert as_text("text", io.StringIO())


def test_the_setting_takes_no_other_word() -> None:
    assert Settings.from_environment({"HEDGEHOG_LOG_FORMAT": "text"}).log_format == "text"
    with pytest.raises(HedgehogError, match=r"HEDGEHOG_LOG_FORMAT is 'xml'.* json or text"):
        Settings.from_environment({"HEDGEHOG_LOG_FORMAT": "xml"})


def test_a_warning_of_any_module_is_a_line_in_either_form() -> None:
    record = logging.makeLogRecord({"msg": "A scan is %s.", "args": ("lost",), "levelno": 30})
    assert json.loads(JsonFormatter().format(record))["event"] == "A scan is lost."
    assert TextFormatter(colour=False).format(record).endswith("A scan is lost.")
    assert TextFormatter(colour=True).format(record).startswith("\x1b[33m")


def test_lines_that_were_written_as_json_are_read_as_the_terminal_has_them() -> None:
    reader, lines = LogReader(), list[str]()
    for event, fields in [
        ("written", {"table": "staff", "rows": 5, "bytes": 9}),
        ("committed", {"rows": 5, "bytes": 9, "seconds": 0.8}),
    ]:
        where = {**_PLACE, "stage": "extraction", **fields}
        record = logging.makeLogRecord({"event": event, "fields": where, "levelname": "INFO"})
        told = reader.read(JsonFormatter().format(record))
        lines += [told.text] if told else []
    (line,) = lines
    assert line.endswith("  extraction  commit 3 landed: 5 rows of 1 table in 0.8 s")


_OURS = '{"at": "2026-11-04T12:00:00+00:00", "level": "INFO", "event": '


@pytest.mark.parametrize(
    "line",
    [
        "A warning of others",
        "{}",
        '{"at": "half a line',
        '{"at": "2026-11-04T12:00:00+00:00"}',
        '{"at": 12, "level": "INFO", "event": "of others"}',
        '{"at": "noon", "level": "INFO", "event": "of others"}',
        '{"at": ' + 100_000 * "[",
        f'{_OURS}"committed"}}',
        f'{_OURS}"written", "table": []}}',
        f'{_OURS}"run failed"}}',
        f'{_OURS}"loaded", "commit": 1, "seconds": 1{400 * "0"}}}',
    ],
)
def test_a_line_that_is_not_ours_is_told_as_it_is(line: str) -> None:
    told = LogReader().read(line)
    assert told is not None
    assert (told.text, told.warns) == (line, True)


_HOSTILE = [
    ("a\x1b]0;owned\x07b", r"a\x1b]0;owned\x07b"),
    ("a\x9d0;owned\x9cb", r"a\x9d0;owned\x9cb"),
    ("a\r\nb\x7f", r"a\r\nb\x7f"),
    ("a\u202eb\ud800", r"a\u202eb\ud800"),
    ("a\\tä 中 😀", "a\\tä 中 😀"),
]


@pytest.mark.parametrize(("name", "shown"), _HOSTILE)
def test_a_name_that_others_gave_does_nothing_to_a_terminal(name: str, shown: str) -> None:
    """Of a column, of a file in the inbox, in a line of another program."""
    fields = {**_PLACE, "table": "staff", "columns": [name]}
    said = sentence("columns not declared", fields)
    record = logging.makeLogRecord(
        {
            "event": "columns not declared",
            "fields": fields,
            "msg": said,
            "levelno": 20,
            "levelname": "INFO",
        }
    )
    read = [LogReader().read(line) for line in (JsonFormatter().format(record), f"No {name}")]
    lines = [TextFormatter(colour=False).format(record), *(told.text for told in read if told)]
    assert len(lines) == 3
    assert all(line.endswith(shown) and line.isprintable() for line in lines)
