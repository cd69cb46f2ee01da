"""`hedgehog status` reports how far the three stages are."""

import json
import re
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timezone
from pathlib import Path

import pytest
from click.testing import CliRunner

from hedgehog_pipeline.cli import hedgehog, main
from hedgehog_pipeline.cli.progress import print_summary
from hedgehog_pipeline.deployment import Deployment
from hedgehog_pipeline.runner.execute import execute
from hedgehog_pipeline_tests.support.reconciling import by_hand
from hedgehog_pipeline_tests.support.world import World

Status = Callable[..., str]


@pytest.fixture
def status(
    world: World,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Status:
    """Run `hedgehog status` with arguments; return what it prints."""
    for name, value in world.environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)

    def call(*arguments: str) -> str:
        monkeypatch.setattr(sys, "argv", ["hedgehog", "status", *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
        assert not ended.value.code
        return capsys.readouterr().out.strip()

    return call


def test_it_follows_a_change_through_the_stages(world: World, status: Status):
    assert status() == "nothing has landed yet: run `hedgehog run`"
    world.load_small()
    world.launch("extraction")
    assert status().startswith("landed 1 · processed 0 · loaded 0 · ")
    assert status().endswith("s behind · building")
    world.run()
    assert status() == "landed 1 · processed 1 · loaded 1 · up to date"


def test_a_script_reads_numbers(world: World, status: Status):
    world.load_small()
    world.run()
    assert json.loads(status("--json")) == {
        "landed": 1,
        "processed": 1,
        "loaded": 1,
        "building": False,
        "seconds_behind": 0.0,
        "in_quarantine": 0,
        "reading_again": [],
    }


def test_it_names_the_table_in_a_full_refresh(world: World, status: Status):
    world.load_small()
    world.run()
    world.shop.execute("alter type payment_type_name rename value 'SALES_RECEIPT' to 'RECEIPT'")
    today = datetime.now(timezone.utc).date()
    execute(Deployment(replace(world.settings, slice_rows=1)), "extraction", today)
    assert " · reading again: payment_type" in status()
    assert json.loads(status("--json"))["reading_again"] == ["payment_type"]
    world.run()
    assert "reading again" not in status()


def test_it_counts_the_rows_in_quarantine(world: World, status: Status):
    world.load_small()
    world.shop.execute("update payment set payment_date = 'soon', payment_amount = 'NaN'")
    world.run()
    world.shop.execute("update payment set payment_date = 'later'")
    world.run()
    assert status().endswith("up to date · 2 rows in quarantine: `hedgehog quarantine list`")
    assert json.loads(status("--json"))["in_quarantine"] == 2


def test_a_missing_view_is_reported_with_how_it_is_created_again(
    world: World, status: Status, capsys: pytest.CaptureFixture[str]
):
    world.load_small()
    world.run()
    by_hand(world, "drop view hedgehog.open_quarantine")
    missing = (
        "rows in quarantine not counted: hedgehog.open_quarantine is missing, the next load creates"
    )
    assert f"up to date · {missing}" in status()
    assert json.loads(status("--json"))["in_quarantine"] is None
    world.shop.execute("update staff set last_name = 'Bishop', last_updated = now()")
    world.launch("extraction")
    print_summary(iter(()), "all is well", in_quarantine=world.deployment.rows_in_quarantine)
    assert f"Nothing to do: all is well, except for {missing}" in capsys.readouterr().out
    error = CliRunner(env=world.environment).invoke(hedgehog, ["quarantine", "list"]).exception
    assert re.search(
        'The warehouse .* failed: relation "hedgehog.open_quarantine" does not exist. The failed '
        "query writes nothing. The next load creates a missing view again",
        str(error),
    )
    world.run()
    assert status() == "landed 2 · processed 2 · loaded 2 · up to date"
