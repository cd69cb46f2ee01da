"""Long work is seen to move: bars on a terminal, now and then a line elsewhere."""

import os
import re
import sys
from datetime import date
from pathlib import Path

import pytest

from hedgehog_pipeline.cli.progress import shown
from hedgehog_pipeline.runner.runner import StageRun
from hedgehog_pipeline_tests.terminal import on_terminal
from hedgehog_pipeline_tests.world import World

_LANDED = re.compile(
    r"\d\d:\d\d:\d\d  extraction  commit 1 landed: 14 rows of 11 tables in [\d.]+ s\n"
)
_RUN = [Path(sys.executable).parent / "hedgehog", "run"]


def _stage_run(stage: str, rows: int) -> StageRun:
    return StageRun(stage, date(2026, 6, 1), (), rows, 1.0)


def test_a_file_gets_a_line_every_ten_seconds(capsys: pytest.CaptureFixture[str]) -> None:
    runs = [_stage_run(stage, 1000) for stage in ("extraction", "processing", "extraction")]
    seconds = iter([0.0, 4.0, 11.0, 11.0, 15.0])

    def nobody_asks() -> int:
        raise AssertionError

    assert list(shown(runs, nobody_asks, bars=False, clock=lambda: next(seconds))) == runs
    assert capsys.readouterr().out == "extraction 1,000 rows · processing 1,000 rows\n"


@pytest.fixture
def environment(world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """Of a small shop, in a folder without a `.env` file."""
    world.load_small()
    monkeypatch.chdir(tmp_path)
    return os.environ | world.environment


def test_a_terminal_sees_the_rows_of_each_stage(environment: dict[str, str]) -> None:
    told = on_terminal(_RUN, environment)
    sums = [line for line in told.splitlines() if line.endswith(" rows/s")]
    assert [line.rpartition("\x1b[2K")[2].split()[0] for line in sums] == [
        "extraction",
        "processing",
        "storage",
    ]
    assert "━" in told
    assert "14 rows" in told
    assert '"event"' not in told
    assert _LANDED.search(told)
    assert "\x1b[3" in told
    again = on_terminal(_RUN, environment)
    assert again.splitlines()[-1].endswith("the warehouse holds everything that the shop holds.")


def test_a_terminal_whose_owner_wants_no_colours_has_none(environment: dict[str, str]) -> None:
    told = on_terminal(_RUN, {**environment, "NO_COLOR": "1"})
    assert "━" in told
    assert "\x1b[3" not in told


def test_a_terminal_that_asks_for_json_gets_lines_and_no_bars(environment: dict[str, str]) -> None:
    told = on_terminal(_RUN, {**environment, "HEDGEHOG_LOG_FORMAT": "json"})
    assert "━" not in told
    assert '"event": "committed"' in told


def test_no_line_of_a_run_is_wider_than_a_terminal_of_80_columns(
    environment: dict[str, str],
) -> None:
    told = on_terminal(_RUN, {**environment, "COLUMNS": "80"})
    shown = re.sub(r"\x1b\[[\d;?]*[A-Za-z]", "", told).replace("\r", "\n").splitlines()
    assert max(map(len, shown)) <= 80


def test_a_reconciliation_shows_how_many_tables_are_compared(
    environment: dict[str, str],
) -> None:
    on_terminal(_RUN, environment)
    told = on_terminal([_RUN[0], "reconcile", "dim_design", "dim_staff"], environment)
    assert "2 of 2" in told
    assert re.search(r"dim_design +1 = 1 .* ok", told)


def test_what_warns_is_seen_above_the_bars(world: World, environment: dict[str, str]) -> None:
    world.shop.execute("alter table design add column shade text default 'green'")
    told = on_terminal(_RUN, environment)
    assert "design has columns that no declaration names: shade" in told


def test_how_many_rows_an_archive_has_is_estimated_while_nothing_has_landed(world: World) -> None:
    world.load_small()
    assert world.deployment.archive_estimate() is None
    world.shop.execute("analyze")
    assert world.deployment.archive_estimate() == 14
    world.run()
    assert world.deployment.archive_estimate() is None
