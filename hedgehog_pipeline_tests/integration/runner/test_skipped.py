"""A commit that cannot be processed or loaded is skipped, and reported at the end."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime, timezone

import pandas as pd
import psycopg
import pytest

from hedgehog_pipeline.cli.progress import print_summary
from hedgehog_pipeline.errors import HedgehogError, SkippedCommitsError, UnfitWarehouseError
from hedgehog_pipeline.orchestration.assets import extraction
from hedgehog_pipeline.runner.runner import StageRun, _whole_run, run_until_done
from hedgehog_pipeline.runner.skipped import MAX_IN_A_ROW, SkippedCommits
from hedgehog_pipeline.scheduling.batching import MAX_COMMITS
from hedgehog_pipeline_tests.support.bad_rows import copy_row, is_loaded
from hedgehog_pipeline_tests.support.demo_model import TRANSFORMS
from hedgehog_pipeline_tests.support.lake_making import DAY, processed_commit
from hedgehog_pipeline_tests.support.world import World


def _land(world: World, table: str = "design") -> int:
    """Land a row; its commit is pending for processing."""
    key = copy_row(world, table)
    world.launch("extraction")
    return key


def _remove_part(world: World, bucket: str, number: int) -> tuple[str, bytes]:
    """Remove the first object of a commit; return it."""
    commit = next(c for c in world.commits(bucket) if c["number"] == number)
    key = next(part["key"] for part in commit["parts"] if part["kind"] == "rows")
    body = world.s3.get_object(Bucket=bucket, Key=key)["Body"].read()
    world.s3.delete_object(Bucket=bucket, Key=key)
    return key, body


def test_the_traceback_of_a_transform_cannot_control_a_terminal(
    opened: World, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    def broken(*_frames: pd.DataFrame) -> pd.DataFrame:
        raise ValueError("cannot read \x1b]0;owned\x07")

    _land(opened)
    monkeypatch.setitem(
        TRANSFORMS, "dim_design", replace(TRANSFORMS["dim_design"], function=broken)
    )
    with pytest.raises(SkippedCommitsError):
        opened.run()
    assert r"cannot read \x1b]0;owned\x07" in caplog.text
    assert "\x1b" not in caplog.text


def test_one_commit_that_cannot_be_processed_does_not_block_others(opened: World):
    bucket = opened.settings.ingestion_bucket
    before, bad, behind = (_land(opened) for _ in range(3))
    key, body = _remove_part(opened, bucket, 3)
    for _ in range(2):
        with pytest.raises(
            SkippedCommitsError, match=r"^Everything else is done\. .*Ingestion commit 3 could"
        ):
            opened.run()
        assert is_loaded(opened, "design", before)
        assert is_loaded(opened, "design", behind)
    later = copy_row(opened, "design")
    with pytest.raises(SkippedCommitsError, match=f"commit 3 could not be processed: .*{key}"):
        opened.run()
    assert is_loaded(opened, "design", later)
    assert not is_loaded(opened, "design", bad)
    opened.s3.put_object(Bucket=bucket, Key=key, Body=body)
    assert opened.run()
    assert is_loaded(opened, "design", bad)
    assert opened.run() == []


def test_one_commit_that_cannot_be_loaded_does_not_block_others(opened: World):
    for _ in range(3):
        _land(opened)
        opened.launch("processing")
    _remove_part(opened, opened.settings.processed_bucket, 3)
    with pytest.raises(SkippedCommitsError, match="Processed commit 3 could not be loaded: "):
        opened.run()
    commits = opened.commits(opened.settings.processed_bucket)
    loaded = opened.query("select number from hedgehog.commits order by number")
    assert loaded == [(number,) for number in range(1, len(commits) + 1) if number != 3]


def test_a_transform_that_fails_for_one_commit_does_not_block_others(
    opened: World, monkeypatch: pytest.MonkeyPatch
):
    transform = TRANSFORMS["dim_currency"].function

    def fails(rows: pd.DataFrame) -> pd.DataFrame:
        if "BAD" in set(rows["currency_code"]):
            raise OverflowError("too far")
        return transform(rows)

    _replace_transform(monkeypatch, "dim_currency", fails)
    bad = copy_row(opened, "currency", currency_code="BAD")
    message = "Ingestion commit 2 could not be processed: OverflowError: too far"
    with pytest.raises(SkippedCommitsError, match=message):
        opened.run()
    good = copy_row(opened, "currency", currency_code="GUD")
    with pytest.raises(SkippedCommitsError, match=message):
        opened.run()
    assert is_loaded(opened, "currency", good)
    assert not is_loaded(opened, "currency", bad)


def test_a_run_that_fails_after_extraction_reports_full_refreshes(
    opened: World, monkeypatch: pytest.MonkeyPatch
):
    def fails(_rows: pd.DataFrame) -> pd.DataFrame:
        raise OverflowError("too far")

    _replace_transform(monkeypatch, "dim_payment_type", fails)
    opened.shop.execute("alter type payment_type_name rename value 'SALES_RECEIPT' to 'RECEIPT'")
    reasons: list[str] = []
    with pytest.raises(SkippedCommitsError):
        reasons.extend(
            why for run in run_until_done(opened.deployment) for why in run.reread_tables
        )
    assert [why[:32] for why in reasons] == ["payment_type was redefined after"]


def test_a_parallel_run_of_extraction_reports_full_refreshes(opened: World):
    opened.shop.execute("alter type payment_type_name rename value 'SALES_RECEIPT' to 'RECEIPT'")
    (run,), _ = _whole_run(opened.settings, "extraction", datetime.now(timezone.utc).date(), ())
    assert [why[:32] for why in run.reread_tables] == ["payment_type was redefined after"]


def _try_all(bad: Mapping[int, str], commits: int) -> tuple[SkippedCommits, set[int], int]:
    """Load commits of which some are bad; return those loaded, and the number of runs."""
    skipped, loaded, runs = SkippedCommits(), set[int](), 0
    waiting = [processed_commit(n, f"b{n}") for n in range(1, commits + 1)]
    while chosen := skipped.next_run("storage", waiting[:MAX_COMMITS]):
        reasons = [bad[commit.number] for commit in chosen if commit.number in bad]
        skipped.record("storage", chosen, reasons[0] if reasons else None)
        if not reasons:
            loaded |= {commit.number for commit in chosen}
        done = {*loaded, *skipped.of("storage")}
        waiting = [commit for commit in waiting if commit.number not in done]
        runs += 1
    return skipped, loaded, runs


def test_commits_behind_ten_that_fail_are_loaded_wherever_they_are():
    bad = dict.fromkeys(range(1, 11), "bad.")
    skipped, loaded, runs = _try_all(bad, 40)
    assert loaded == {*range(11, 41)}
    assert runs <= 20
    with pytest.raises(
        SkippedCommitsError, match=r"^Everything else is done.* 9, 10 could not .*: bad.$"
    ):
        skipped.raise_if_any()
    bad = dict.fromkeys([*range(1, 30), *range(31, 100)], "bad.")
    assert _try_all(bad, 101)[1] == {30, 100, 101}


@pytest.mark.parametrize("number", [1, 50, 64, 100])
def test_one_failing_commit_of_a_hundred_is_found_in_a_few_runs(number: int):
    _, loaded, runs = _try_all({number: "bad."}, 100)
    assert loaded == {*range(1, 101)} - {number}
    assert runs <= 24


def test_a_commit_that_arrived_meanwhile_is_chosen():
    skipped, one, two = SkippedCommits(), processed_commit(1, "b1"), processed_commit(2, "b2")
    skipped.record("storage", [one], "bad.")
    assert skipped.next_run("storage", [one, two]) == [two]


def test_a_stage_in_which_every_commit_fails_is_given_up():
    skipped, loaded, runs = _try_all(dict.fromkeys(range(1, 1001), "bad."), 1000)
    assert loaded == set()
    assert runs <= MAX_IN_A_ROW + 7
    with pytest.raises(SkippedCommitsError, match=f"^{MAX_IN_A_ROW} commits failed in a row"):
        skipped.raise_if_any()
    assert skipped.next_run("processing", []) == []


def test_each_reason_is_reported_once():
    skipped = SkippedCommits()
    for number, reason in ((1, "A."), (2, "B."), (3, "A.")):
        skipped.record("processing", [processed_commit(number, f"b{number}")], reason)
    with pytest.raises(SkippedCommitsError) as raised:
        skipped.raise_if_any()
    assert str(raised.value).endswith(
        "Ingestion commits 1, 3 could not be processed: A. "
        "Ingestion commit 2 could not be processed: B."
    )
    for number in range(4, 20):
        skipped.record("processing", [processed_commit(number, f"b{number}")], f"{number}.")
    with pytest.raises(
        SkippedCommitsError, match=r" 18, 19 could not be processed for other reasons\.$"
    ):
        skipped.raise_if_any()


def test_landed_rows_are_reported_although_processing_fails_in_the_same_run(
    opened: World, monkeypatch: pytest.MonkeyPatch
):
    def fails(_: pd.DataFrame) -> pd.DataFrame:
        raise OverflowError("too far")

    _replace_transform(monkeypatch, "dim_currency", fails)
    copy_row(opened, "currency")
    runs: list[StageRun] = []
    with pytest.raises(SkippedCommitsError, match="Ingestion commit 2 could not be processed"):
        runs.extend(run_until_done(opened.deployment))
    assert [(run.stage, run.rows) for run in runs] == [("extraction", 1)]


def test_an_extraction_that_fails_is_not_blamed_on_the_commit_that_landed(
    opened: World, monkeypatch: pytest.MonkeyPatch
):
    def fails(*_: object) -> None:
        raise OverflowError("too far")

    copy_row(opened, "design")
    monkeypatch.setattr(extraction, "new_columns", fails)
    with pytest.raises(OverflowError):
        opened.run()


def test_a_warehouse_that_needs_a_migration_is_not_blamed_on_a_commit(opened: World):
    with psycopg.connect(opened.servers.postgres.dsn(opened.warehouse_database)) as warehouse:
        warehouse.execute("alter table dim_design drop column design_name cascade")
    for _ in range(3):
        _land(opened)
        opened.launch("processing")
    with pytest.raises(UnfitWarehouseError, match="hedgehog migrate"):
        opened.run()


def test_finished_runs_are_reported_before_skipped_commits(capsys: pytest.CaptureFixture[str]):
    def runs() -> Iterator[StageRun]:
        yield StageRun("storage", DAY, (1,), 5, 1.0)
        raise SkippedCommitsError

    def fails() -> int:
        raise HedgehogError

    for in_quarantine in (lambda: 0, fails):
        with pytest.raises(SkippedCommitsError):
            print_summary(runs(), "all is well.", in_quarantine=in_quarantine)
        assert capsys.readouterr().out.split()[:4] == ["storage", "1", "runs", "5"]


def test_the_warehouse_is_not_called_up_to_date_if_commits_are_skipped(
    capsys: pytest.CaptureFixture[str],
):
    def fails(_: int) -> StageRun:
        raise SkippedCommitsError

    with pytest.raises(SkippedCommitsError):
        print_summary(map(fails, [1]), "the warehouse holds everything that the shop holds.")
    assert capsys.readouterr().out == ""


def _replace_transform(
    monkeypatch: pytest.MonkeyPatch, table: str, function: Callable[[pd.DataFrame], pd.DataFrame]
) -> None:
    monkeypatch.setitem(TRANSFORMS, table, replace(TRANSFORMS[table], function=function))
