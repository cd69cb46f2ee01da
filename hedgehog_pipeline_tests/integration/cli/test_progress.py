"""Long work shows progress: bars on a terminal, a line now and then elsewhere."""

import os
import re
import sys
from datetime import date
from pathlib import Path

import pytest

from hedgehog_pipeline.cli.progress import show_progress
from hedgehog_pipeline.runner.runner import StageRun
from hedgehog_pipeline_tests.support.terminal import on_terminal
from hedgehog_pipeline_tests.support.world import World

_LANDED = re.compile(
    r"\d\d:\d\d:\d\d  extraction  commit 1 landed: 14 rows of 11 tables in [\d.]+ s\n"
)
_RUN = [Path(sys.executable).parent / "hedgehog", "run"]


def _stage_run(stage: str, rows: int) -> StageRun:
    return StageRun(stage, date(2026, 6, 1), (), rows, 1.0)


def test_a_file_gets_a_line_every_ten_seconds(capsys: pytest.CaptureFixture[str]) -> None:
    runs = [_stage_run(stage, 1000) for stage in ("extraction", "processing", "extraction")]
    seconds = iter([0.0, 4.0, 11.0, 11.0, 15.0])

    def not_called() -> int:
        raise AssertionError

    assert list(show_progress(runs, not_called, bars=False, clock=lambda: next(seconds))) == runs
    assert capsys.readouterr().out == "extraction 1,000 rows · processing 1,000 rows\n"


@pytest.fixture
def environment(world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """The environment of a small shop, in a folder without a `.env` file."""
    world.load_small()
    monkeypatch.chdir(tmp_path)
    return os.environ | world.environment


def test_a_terminal_sees_the_rows_of_each_stage(environment: dict[str, str]) -> None:
    output = on_terminal(_RUN, environment)
    sums = [line for line in output.splitlines() if line.endswith(" rows/s")]
    assert [line.rpartition("\x1b[2K")[2].split()[0] for line in sums] == [
        "extraction",
        "processing",
        "storage",
    ]
    assert "━" in output
    assert "14 rows" in output
    assert '"event"' not in output
    assert _LANDED.search(output)
    assert "\x1b[3" in output
    again = on_terminal(_RUN, environment)
    assert again.splitlines()[-1].endswith("the warehouse is up to date with the source.")


def test_no_color_switches_the_colours_off(environment: dict[str, str]) -> None:
    output = on_terminal(_RUN, {**environment, "NO_COLOR": "1"})
    assert "━" in output
    assert "\x1b[3" not in output


def test_a_terminal_with_json_format_gets_lines_and_no_bars(environment: dict[str, str]) -> None:
    output = on_terminal(_RUN, {**environment, "HEDGEHOG_LOG_FORMAT": "json"})
    assert "━" not in output
    assert '"event": "committed"' in output


def test_no_line_of_a_run_is_wider_than_a_terminal_of_80_columns(
    environment: dict[str, str],
) -> None:
    output = on_terminal(_RUN, {**environment, "COLUMNS": "80"})
    lines = re.sub(r"\x1b\[[\d;?]*[A-Za-z]", "", output).replace("\r", "\n").splitlines()
    assert max(map(len, lines)) <= 80


def test_a_reconciliation_shows_the_number_of_compared_tables(
    environment: dict[str, str],
) -> None:
    on_terminal(_RUN, environment)
    output = on_terminal([_RUN[0], "reconcile", "dim_design", "dim_staff"], environment)
    assert "2 of 2" in output
    assert re.search(r"dim_design +1 = 1 .* ok", output)


def test_warnings_are_shown_above_the_bars(world: World, environment: dict[str, str]) -> None:
    world.shop.execute("alter table design add column shade text default 'green'")
    output = on_terminal(_RUN, environment)
    assert "design has undeclared columns: shade" in output


def test_the_rows_of_the_initial_load_are_estimated_while_nothing_has_landed(world: World) -> None:
    world.load_small()
    assert world.deployment.initial_load_estimate() is None
    world.shop.execute("analyze")
    assert world.deployment.initial_load_estimate() == 14
    world.run()
    assert world.deployment.initial_load_estimate() is None
