"""The console of `hedgehog dev`: a line for each batch, warnings and errors."""

import json
from pathlib import Path

import pytest

from hedgehog_pipeline.logs.follow import follow_lines
from hedgehog_pipeline.sandbox.console import DevConsole

_AT = {"at": "2026-11-04T12:00:00.000+00:00", "level": "INFO"}
_LOADED = {"stage": "storage", "commit": 3, "rows": 5, "inferred": 0, "tombstones": 0}


def _line(event: str, **fields: object) -> str:
    return json.dumps({**_AT, "event": event, **fields})


def test_a_batch_is_one_line_and_other_output_is_hidden(capsys: pytest.CaptureFixture[str]) -> None:
    console = DevConsole()
    for line in [
        "SupersessionWarning: Function `dev_command` is superseded",
        "2026-11-04 12:00:00 +0000 - dagster.daemon.SensorDaemon - INFO - Checking",
        "2026-11-04 12:00:00 +0000 - dagster.code_server - WARNING - Reloaded",
        _line("written", stage="extraction", commit=3, table="staff", rows=5, bytes=9),
        _line("committed", stage="extraction", commit=3, rows=5, bytes=9, seconds=0.1),
        _line("lag", seconds=1.0),
        _line("written", stage="storage", commit=3, table="dim_staff", rows=5),
        _line("loaded", **_LOADED, quarantined=0, seconds=0.4),
    ]:
        console.print_line(line)
    (shown,) = capsys.readouterr().out.splitlines()
    assert shown.endswith("storage     commit 3 loaded: 5 rows of 1 table in 0.4 s")


def test_warnings_and_errors_are_printed(capsys: pytest.CaptureFixture[str]) -> None:
    console = DevConsole()
    console.print_line("\x1b[32m2026-11-04 12:00:00 +0000\x1b[0m - dagster - ERROR - No connection")
    for _ in range(2):  # printed once
        console.print_line("hedgehog_pipeline.errors.HedgehogError: The source is not reachable.")
    console.print_line("dagster._core.errors.DagsterUserCodeProcessError: of no interest")
    console.print_line(_line("run failed", job="storage", run="r"))
    console.print_line(_line("loaded", **_LOADED, quarantined=1, seconds=0.4))
    dagster, ours, failed, loaded = capsys.readouterr().out.splitlines()
    assert dagster == "Dagster: No connection"
    assert ours == "Dagster: The source is not reachable."
    assert failed.endswith("run r of storage failed")
    assert loaded.endswith("1 in quarantine")


def test_control_characters_in_names_are_escaped(
    capsys: pytest.CaptureFixture[str],
) -> None:
    console = DevConsole()
    key = "inbox/design/\x1b]0;owned\x07.csv"
    console.print_line(_line("file taken", **_LOADED, table="design", file=key))
    console.print_line("\x1b[31m2026-11-04 - dagster - ERROR - no \x1b]0;owned\x07 \rcolumn\x1b[0m")
    file_line, error, *rest = capsys.readouterr().out.split("\n")
    assert r"file inbox/design/\x1b]0;owned\x07.csv" in file_line
    assert error == r"Dagster: no \x1b]0;owned\x07 \rcolumn"
    assert rest == [""]


def test_an_unreadable_line_is_printed_and_the_next_line_is_read(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = ['{"at": "of others"}', '{"at": \x1b]0;torn', _line("run failed", job="j", run="r")]
    log = tmp_path / "dev.log"
    log.write_text("\n".join(lines))
    with follow_lines(log, DevConsole().print_line):
        pass
    others, torn, failed = capsys.readouterr().out.splitlines()
    assert (others, torn) == ('{"at": "of others"}', r'{"at": \x1b]0;torn')
    assert failed.endswith("run r of j failed")
