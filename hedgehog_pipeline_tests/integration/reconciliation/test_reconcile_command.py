"""`hedgehog reconcile` and the check `reconciled` report the result to people."""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from dagster import AssetCheckEvaluation, AssetCheckSeverity, DagsterInstance

from hedgehog_pipeline.cli import main
from hedgehog_pipeline.definitions import platform
from hedgehog_pipeline.extraction.capture_request import Mode
from hedgehog_pipeline.reconciliation import reconcile
from hedgehog_pipeline.reconciliation.sides import LakeSide
from hedgehog_pipeline.runner.runner import run_until_done
from hedgehog_pipeline_tests.support.demo_model import RECONCILED
from hedgehog_pipeline_tests.support.reconciling import (
    MISSING,
    SURPLUS,
    by_hand,
    changed_unseen,
    delete_own_order,
    seed,
)
from hedgehog_pipeline_tests.support.world import World

Command = Callable[..., object]
Captured = pytest.CaptureFixture[str]


@pytest.fixture
def loaded(world: World) -> World:
    """A warehouse that is equal to its source."""
    return seed(world)


@pytest.fixture
def command(loaded: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Command:
    """Run `hedgehog reconcile` with arguments; return the exit code or the error message."""
    for name, value in loaded.environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)

    def call(*arguments: str) -> object:
        monkeypatch.setattr(sys, "argv", ["hedgehog", "reconcile", *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
        return ended.value.code

    return call


def test_equal_tables_print_one_line_each_and_exit_with_code_zero(
    loaded: World, command: Command, capsys: Captured
):
    assert command() == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == list(RECONCILED)
    assert all(line.endswith("ok") for line in lines)
    delete_own_order(loaded)
    assert command("fact_payment") == 0
    line, difference = capsys.readouterr().out.splitlines()
    assert line.split()[:4] == ["fact_payment", "60", "≠", "61"]
    assert difference.strip() == f"1 {SURPLUS}, deleted in the source, not detected yet: 90"


def test_unexplained_differences_end_in_an_error_with_advice(
    loaded: World, command: Command, capsys: Captured
):
    by_hand(loaded, "update fact_payment set payment_amount = 1 where payment_id % 2 = 0")
    ended = command("dim_staff", "fact_payment")
    assert str(ended).startswith(
        "hedgehog: Unexplained differences in keys of fact_payment. "
        "Where the warehouse is wrong, mater"
    )
    assert "--reread" not in str(ended)
    day = loaded.deployment.lake.ingestion.read(1).date
    staff, payment, difference, *examples = capsys.readouterr().out.splitlines()
    assert (staff.split()[0], staff.split()[-1]) == ("dim_staff", "ok")
    assert payment.endswith("31 unexplained")
    assert difference.strip() == (
        f"31 different, the warehouse is wrong, commit 1 of {day}: 2, 4, 6, 8, 10, ..."
    )
    assert len(examples) == 5


def test_a_row_that_is_in_no_commit_needs_a_full_refresh(
    loaded: World, command: Command, capsys: Captured
):
    changed_unseen(loaded, "update payment set payment_amount = 1 where payment_id = 8")
    ended = str(command("fact_payment"))
    assert "`hedgehog run --reread --sweep` reads the source in full again" in ended
    assert "aterialize" not in ended
    _, difference, _ = capsys.readouterr().out.splitlines()
    assert difference.strip() == "1 different, the lake is missing rows of the source: 8"
    list(run_until_done(loaded.deployment, Mode.REREAD))
    assert command("fact_payment") == 0


def test_following_the_advice_fixes_missing_and_different_rows(
    loaded: World, command: Command, capsys: Captured
):
    by_hand(loaded, "delete from fact_payment where payment_id = 8")
    by_hand(loaded, "update fact_payment set payment_amount = 1 where payment_id = 9")
    by_hand(loaded, "update dim_staff set location = 'Ur' where staff_id = 90")
    ended = str(command("dim_staff", "fact_payment"))
    assert "materialize `star/<table>` for the days that are named, then `warehouse/<tab" in ended
    lines = capsys.readouterr().out.splitlines()
    today = loaded.deployment.lake.ingestion.read(1).date
    landed = f"the warehouse is wrong, commit 1 of {today}"
    assert [line.strip() for line in lines if landed in line] == [
        f"1 different, {landed}: 90",
        f"1 {MISSING}, {landed}: 8",
        f"1 different, {landed}: 9",
    ]
    for stage in ("processing", "storage"):
        loaded.launch(stage, "dim_staff", "fact_payment")
    assert command("dim_staff", "fact_payment") == 0


def test_an_unreadable_lake_is_reported_with_its_error(
    loaded: World, command: Command, capsys: Captured
):
    loaded.detect_deletes()
    by_hand(loaded, "delete from fact_payment where payment_id = 8")
    (part,) = loaded.deployment.lake.ingestion.read(1).parts_of("oltp/payment")
    place = {"Bucket": loaded.settings.ingestion_bucket, "Key": part.key}
    body = loaded.s3.get_object(**place)["Body"].read()
    loaded.s3.delete_object(**place)
    for change, words in ((None, "is missing"), (body[:-200], "was altered")):
        if change is not None:
            loaded.s3.put_object(**place, Body=change)
        assert "fix what the message names" in str(command("fact_payment"))
        _, difference, why = capsys.readouterr().out.splitlines()
        assert difference.strip() == f"1 {MISSING}, the lake cannot be read: 8"
        assert part.key in why
        assert words in why


def test_the_lake_is_searched_for_a_minute_after_the_source_is_closed(
    loaded: World, command: Command, capsys: Captured, monkeypatch: pytest.MonkeyPatch
):
    by_hand(loaded, "delete from fact_payment where payment_id = 8")
    transactions = (
        "select count(*) from pg_stat_activity "
        "where datname = current_database() and application_name = 'hedgehog source' "
        "and xact_start is not null"
    )
    open_transactions: list[int] = []
    search = LakeSide.rows

    def rows(*arguments: Any) -> object:
        open_transactions.extend(count for (count,) in loaded.shop.execute(transactions))
        return search(*arguments)

    monkeypatch.setattr(LakeSide, "rows", rows)
    monkeypatch.setattr(reconcile, "_SEARCH_SECONDS", -1)
    assert "`hedgehog run --reread --sweep` reads" in str(command("fact_payment"))
    assert "the lake was not searched to its end: 8" in capsys.readouterr().out
    assert open_transactions == [0]


def test_an_error_of_the_warehouse_does_not_name_the_source(loaded: World, command: Command):
    by_hand(loaded, "drop view fact_payment_current")
    ended = str(command("fact_payment"))
    assert ended.startswith("hedgehog: The warehouse ")
    assert "source" not in ended


def test_control_characters_of_the_source_are_escaped_in_the_terminal(
    loaded: World, command: Command, capsys: Captured
):
    loaded.shop.execute("update staff set first_name = E'\\x1b]0;x\\x07' where staff_id = 90")
    loaded.run()
    by_hand(loaded, "update dim_staff set first_name = 'Ada' where staff_id = 90")
    command("dim_staff")
    printed = capsys.readouterr().out
    assert r"first_name \x1b]0;x\x07 in the source, Ada in the warehouse" in printed
    assert "\x1b]" not in printed


def test_json_is_for_programs(loaded: World, command: Command, capsys: Captured):
    by_hand(loaded, "delete from fact_payment where payment_id in (8, 9)")
    assert command("fact_payment", "--json") != 0
    table = json.loads(capsys.readouterr().out)["fact_payment"]
    assert table["verdict"] == "2 unexplained"
    assert [table[side]["rows"] for side in ("shop", "warehouse")] == [61, 59]
    missing = {"what": MISSING, "why": None, "keys": [[8, 9]], "examples": []}
    missing["wrong"] = ["the warehouse is wrong"]
    missing["landed"] = [f"commit 1 of {loaded.deployment.lake.ingestion.read(1).date}"]
    assert table["differences"] == [missing]


def test_a_table_or_lake_that_cannot_be_compared_is_an_error(
    loaded: World, command: Command, capsys: Captured
):
    assert command("dim_date") == 2
    assert "fact_sales_order" in capsys.readouterr().err
    for key in loaded.keys(loaded.settings.processed_bucket):
        loaded.s3.delete_object(Bucket=loaded.settings.processed_bucket, Key=key)
    error = str(command())
    assert "The warehouse refers to commit 1" in error
    assert "hedgehog rebuild" in error


def test_the_check_fails_only_on_unexplained_differences(loaded: World):
    loaded.shop.execute("update payment set payment_amount = 1 where payment_id = 90")
    verdicts = _check(loaded)
    assert list(verdicts) == list(RECONCILED)
    assert all(verdict.passed for verdict in verdicts.values())
    metadata = verdicts["fact_payment"].metadata
    assert [metadata[f"{side} rows"].value for side in ("shop", "warehouse")] == [61, 61]
    assert metadata["shop checksum"].value != metadata["warehouse checksum"].value
    assert metadata["in flight: not captured yet"].value == 1

    by_hand(loaded, "update dim_staff set last_name = 'Lovelace' where staff_id = 90")
    verdicts = _check(loaded)
    assert [table for table, verdict in verdicts.items() if not verdict.passed] == ["dim_staff"]
    verdict = verdicts["dim_staff"]
    assert verdict.severity is AssetCheckSeverity.ERROR
    assert verdict.metadata["faults"].value == 1
    assert "Byron in the source, Lovelace in the" in str(verdict.metadata["examples"].value)
    assert "materialize" in str(verdict.description)


def _check(world: World) -> dict[str, AssetCheckEvaluation]:
    """Run the job `reconcile`; return the evaluation of each table."""
    with DagsterInstance.ephemeral() as instance:
        job = platform(world.settings).resolve_job_def("reconcile")
        result = job.execute_in_process(
            instance=instance,
            run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
        )
    return {e.asset_key.path[-1]: e for e in result.get_asset_check_evaluations()}
