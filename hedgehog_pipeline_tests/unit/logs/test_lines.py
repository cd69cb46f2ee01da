"""A log line is JSON for programs and a sentence for people; the setting chooses either."""

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

_COMMON = {"batch": "b", "commit": 3}


class _Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("event", "fields", "expected"),
    [
        (
            "written",
            {**_COMMON, "stage": "extraction", "table": "staff", "rows": 1200, "bytes": 1},
            "staff: 1,200 rows, 1 byte written",
        ),
        (
            "committed",
            {**_COMMON, "stage": "processing", "rows": 1, "bytes": 9, "seconds": 0.24},
            "commit 3 processed: 1 row in 0.2 s",
        ),
        (
            "loaded",
            {
                **_COMMON,
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
            {**_COMMON, "stage": "extraction", "table": "staff", "file": "inbox/staff/a.csv"},
            "commit 3 landed an inbox file of staff: file inbox/staff/a.csv",
        ),
        (
            "held back",
            {**_COMMON, "stage": "extraction", "transaction": 7, "others": 1200, "ranges": 1001},
            (
                "transaction 7 of the source is still open; 1,200 others began after it, so each "
                "commit lists 1,001 ranges of finished transactions: end it (pg_stat_activity, "
                "pg_prepared_xacts)"
            ),
        ),
        (
            "columns not declared",
            {**_COMMON, "table": "staff", "columns": ["hat", "shoe"]},
            "staff has undeclared columns: hat, shoe",
        ),
        (
            "read in full again",
            {"batch": "b", "why": "it is another server"},
            "the source is read in full again: it is another server",
        ),
        (
            "let go",
            {"batch": "b", "rows": 0, "bytes": 0},
            "batch b discarded, 0 rows: nothing new, or another writer was faster",
        ),
        ("lag", {"seconds": 12.3}, "the warehouse is 12.3 s behind the source"),
        (
            "stuck",
            {"job": "storage", "commits": [3, 4]},
            "storage is stuck: no more retries for commits 3, 4",
        ),
        ("run failed", {"job": "storage", "run": "r"}, "run r of storage failed"),
        ("of another library", {}, "of another library"),
    ],
)
def test_each_event_has_a_sentence(event: str, fields: dict[str, Any], expected: str) -> None:
    assert sentence(event, fields) == expected


def test_the_line_of_a_commit_counts_its_tables() -> None:
    fields = {**_COMMON, "stage": "extraction", "rows": 5, "bytes": 9, "seconds": 0.8}
    assert sentence("committed", fields, 3) == "commit 3 landed: 5 rows of 3 tables in 0.8 s"


def test_a_terminal_gets_text_a_file_json_and_the_setting_overrides_both() -> None:
    assert as_text(None, _Terminal())
    assert not as_text(None, io.StringIO())
    assert not as_text("json", _Terminal())
    assert as_text("text", io.StringIO())


def test_the_setting_accepts_no_other_value() -> None:
    assert Settings.from_environment({"HEDGEHOG_LOG_FORMAT": "text"}).log_format == "text"
    with pytest.raises(HedgehogError, match=r"HEDGEHOG_LOG_FORMAT is 'xml'.* json or text"):
        Settings.from_environment({"HEDGEHOG_LOG_FORMAT": "xml"})


def test_a_warning_of_any_module_is_a_line_in_either_format() -> None:
    record = logging.makeLogRecord({"msg": "A scan is %s.", "args": ("lost",), "levelno": 30})
    assert json.loads(JsonFormatter().format(record))["event"] == "A scan is lost."
    assert TextFormatter(colour=False).format(record).endswith("A scan is lost.")
    assert TextFormatter(colour=True).format(record).startswith("\x1b[33m")


def test_json_lines_are_read_back_as_a_terminal_shows_them() -> None:
    reader, lines = LogReader(), list[str]()
    for event, fields in [
        ("written", {"table": "staff", "rows": 5, "bytes": 9}),
        ("committed", {"rows": 5, "bytes": 9, "seconds": 0.8}),
    ]:
        where = {**_COMMON, "stage": "extraction", **fields}
        record = logging.makeLogRecord({"event": event, "fields": where, "levelname": "INFO"})
        read = reader.read(JsonFormatter().format(record))
        lines += [read.text] if read else []
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
def test_a_line_that_is_not_ours_is_shown_unchanged(line: str) -> None:
    read = LogReader().read(line)
    assert read is not None
    assert (read.text, read.warns) == (line, True)


_HOSTILE = [
    ("a\x1b]0;owned\x07b", r"a\x1b]0;owned\x07b"),
    ("a\x9d0;owned\x9cb", r"a\x9d0;owned\x9cb"),
    ("a\r\nb\x7f", r"a\r\nb\x7f"),
    ("a\u202eb\ud800", r"a\u202eb\ud800"),
    ("a\\tä 中 😀", "a\\tä 中 😀"),
]


@pytest.mark.parametrize(("name", "shown"), _HOSTILE)
def test_a_foreign_name_is_harmless_to_a_terminal(name: str, shown: str) -> None:
    """The name of a column, of a file in the inbox, or in a line of another program."""
    fields = {**_COMMON, "table": "staff", "columns": [name]}
    text = sentence("columns not declared", fields)
    record = logging.makeLogRecord(
        {
            "event": "columns not declared",
            "fields": fields,
            "msg": text,
            "levelno": 20,
            "levelname": "INFO",
        }
    )
    read = [LogReader().read(line) for line in (JsonFormatter().format(record), f"No {name}")]
    lines = [TextFormatter(colour=False).format(record), *(line.text for line in read if line)]
    assert len(lines) == 3
    assert all(line.endswith(shown) and line.isprintable() for line in lines)
