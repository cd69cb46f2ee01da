"""`hedgehog reconcile` and the check `reconciled` tell people what was found."""

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
from hedgehog_pipeline.reconciliation.result import RECONCILED
from hedgehog_pipeline.reconciliation.sides import LakeSide
from hedgehog_pipeline.runner.runner import run_until_done
from hedgehog_pipeline_tests.operations.reconciling import (
    MISSING,
    SURPLUS,
    by_hand,
    changed_unseen,
    delete_own_order,
    seed,
)
from hedgehog_pipeline_tests.world import World

Command = Callable[..., object]
Captured = pytest.CaptureFixture[str]


@pytest.fixture
def loaded(world: World) -> World:
    """A warehouse that holds all that the shop holds."""
    return seed(world)


@pytest.fixture
def command(loaded: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Command:
    """`hedgehog reconcile` with arguments; gives the exit code, or the sentence that ends it."""
    for name, value in loaded.environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)

    def call(*arguments: str) -> object:
        monkeypatch.setattr(sys, "argv", ["hedgehog", "reconcile", *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
        return ended.value.code

    return call


def test_a_line_a_table_and_an_exit_code_of_nought(
    loaded: World, command: Command, capsys: Captured
):
    assert command() == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == list(RECONCILED)
    assert all(line.endswith("ok") for line in lines)
    delete_own_order(loaded)
    assert command("fact_payment") == 0
    line, told = capsys.readouterr().out.splitlines()
    assert line.split()[:4] == ["fact_payment", "60", "≠", "61"]
    assert told.strip() == f"1 {SURPLUS}, deleted in the shop, awaits a sweep: 90"


def test_what_is_unexplained_ends_in_a_sentence(loaded: World, command: Command, capsys: Captured):
    by_hand(loaded, "update fact_payment set payment_amount = 1 where payment_id % 2 = 0")
    ended = command("dim_staff", "fact_payment")
    assert str(ended).startswith(
        "hedgehog: Keys of fact_payment differ unexplained. Where the warehouse is wrong, mater"
    )
    assert "--reread" not in str(ended)
    day = loaded.deployment.lake.ingestion.read(1).date
    staff, payment, told, *examples = capsys.readouterr().out.splitlines()
    assert (staff.split()[0], staff.split()[-1]) == ("dim_staff", "ok")
    assert payment.endswith("31 unexplained")
    assert told.strip() == (
        f"31 different, the warehouse is wrong, commit 1 of {day}: 2, 4, 6, 8, 10, ..."
    )
    assert len(examples) == 5


def test_what_no_commit_brought_is_to_be_read_again(
    loaded: World, command: Command, capsys: Captured
):
    changed_unseen(loaded, "update payment set payment_amount = 1 where payment_id = 8")
    ended = str(command("fact_payment"))
    assert "`hedgehog run --reread --sweep` reads the whole shop again" in ended
    assert "aterialize" not in ended
    _, told, _ = capsys.readouterr().out.splitlines()
    assert told.strip() == "1 different, the lake lacks what the shop holds: 8"
    list(run_until_done(loaded.deployment, Mode.REREAD))
    assert command("fact_payment") == 0


def test_what_is_missing_or_different_is_mended_as_advised(
    loaded: World, command: Command, capsys: Captured
):
    by_hand(loaded, "delete from fact_payment where payment_id = 8")
    by_hand(loaded, "update fact_payment set payment_amount = 1 where payment_id = 9")
    by_hand(loaded, "update dim_staff set location = 'Ur' where staff_id = 90")
    ended = str(command("dim_staff", "fact_payment"))
    assert "materialize `star/<table>` for the days that are named, then `warehouse/<tab" in ended
    told = capsys.readouterr().out.splitlines()
    today = loaded.deployment.lake.ingestion.read(1).date
    landed = f"the warehouse is wrong, commit 1 of {today}"
    assert [line.strip() for line in told if landed in line] == [
        f"1 different, {landed}: 90",
        f"1 {MISSING}, {landed}: 8",
        f"1 different, {landed}: 9",
    ]
    for stage in ("processing", "storage"):
        loaded.launch(stage, "dim_staff", "fact_payment")
    assert command("dim_staff", "fact_payment") == 0


def test_a_lake_that_cannot_be_read_is_told_with_what_is_wrong(
    loaded: World, command: Command, capsys: Captured
):
    loaded.sweep()
    by_hand(loaded, "delete from fact_payment where payment_id = 8")
    (part,) = loaded.deployment.lake.ingestion.read(1).parts_of("oltp/payment")
    place = {"Bucket": loaded.settings.ingestion_bucket, "Key": part.key}
    body = loaded.s3.get_object(**place)["Body"].read()
    loaded.s3.delete_object(**place)
    for change, words in ((None, "is missing"), (body[:-200], "was altered")):
        if change is not None:
            loaded.s3.put_object(**place, Body=change)
        assert "mend what its sentence names" in str(command("fact_payment"))
        _, told, why = capsys.readouterr().out.splitlines()
        assert told.strip() == f"1 {MISSING}, the lake cannot be read: 8"
        assert part.key in why
        assert words in why


def test_a_lake_is_searched_for_a_minute_once_the_shop_is_let_go(
    loaded: World, command: Command, capsys: Captured, monkeypatch: pytest.MonkeyPatch
):
    by_hand(loaded, "delete from fact_payment where payment_id = 8")
    sessions = (
        "select count(*) from pg_stat_activity "
        "where datname = current_database() and application_name = 'hedgehog source' "
        "and xact_start is not null"
    )
    open_meanwhile: list[int] = []
    search = LakeSide.rows

    def rows(*arguments: Any) -> object:
        open_meanwhile.extend(count for (count,) in loaded.shop.execute(sessions))
        return search(*arguments)

    monkeypatch.setattr(LakeSide, "rows", rows)
    monkeypatch.setattr(reconcile, "_SECONDS", -1)
    assert "`hedgehog run --reread --sweep` reads" in str(command("fact_payment"))
    assert "the lake was not searched to its end: 8" in capsys.readouterr().out
    assert open_meanwhile == [0]


def test_what_the_warehouse_says_is_not_laid_to_the_shop(loaded: World, command: Command):
    by_hand(loaded, "drop view fact_payment_current")
    ended = str(command("fact_payment"))
    assert ended.startswith("hedgehog: The warehouse ")
    assert "source" not in ended


def test_no_control_character_of_the_shop_reaches_the_terminal(
    loaded: World, command: Command, capsys: Captured
):
    loaded.shop.execute("update staff set first_name = E'\\x1b]0;x\\x07' where staff_id = 90")
    loaded.run()
    by_hand(loaded, "update dim_staff set first_name = 'Ada' where staff_id = 90")
    command("dim_staff")
    told = capsys.readouterr().out
    assert r"first_name \x1b]0;x\x07 in the shop, Ada in the warehouse" in told
    assert "\x1b]" not in told


def test_json_is_for_programs(loaded: World, command: Command, capsys: Captured):
    by_hand(loaded, "delete from fact_payment where payment_id in (8, 9)")
    assert command("fact_payment", "--json") != 0
    told = json.loads(capsys.readouterr().out)["fact_payment"]
    assert told["verdict"] == "2 unexplained"
    assert [told[side]["rows"] for side in ("shop", "warehouse")] == [61, 59]
    missing = {"what": MISSING, "why": None, "keys": [[8, 9]], "examples": []}
    missing["wrong"] = ["the warehouse is wrong"]
    missing["landed"] = [f"commit 1 of {loaded.deployment.lake.ingestion.read(1).date}"]
    assert told["differences"] == [missing]


def test_what_cannot_be_compared_is_told(loaded: World, command: Command, capsys: Captured):
    assert command("dim_date") == 2
    assert "fact_sales_order" in capsys.readouterr().err
    for key in loaded.keys(loaded.settings.processed_bucket):
        loaded.s3.delete_object(Bucket=loaded.settings.processed_bucket, Key=key)
    told = str(command())
    assert "The warehouse holds commit 1" in told
    assert "hedgehog rebuild" in told


def test_the_check_fails_on_what_is_unexplained_alone(loaded: World):
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
    assert "Byron in the shop, Lovelace in the" in str(verdict.metadata["examples"].value)
    assert "materialize" in str(verdict.description)


def _check(world: World) -> dict[str, AssetCheckEvaluation]:
    """Run the job `reconcile`."""
    with DagsterInstance.ephemeral() as instance:
        job = platform(world.settings).resolve_job_def("reconcile")
        result = job.execute_in_process(
            instance=instance,
            run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
        )
    return {e.asset_key.path[-1]: e for e in result.get_asset_check_evaluations()}
