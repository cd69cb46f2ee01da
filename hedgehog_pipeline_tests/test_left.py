"""A commit that cannot be processed or loaded is gone round, and said at the end."""

from collections.abc import Iterator
from datetime import datetime, timezone

import pandas as pd
import pytest

from hedgehog_pipeline.errors import LeftError
from hedgehog_pipeline.left import MOST_IN_A_ROW, Left
from hedgehog_pipeline.processing.transform import TRANSFORMS
from hedgehog_pipeline.progress import sum_up
from hedgehog_pipeline.runner import StageRun, _whole_run, run_until_done
from hedgehog_pipeline_tests.bad_rows import copy_row, is_held
from hedgehog_pipeline_tests.lake.making import DAY, processed_commit
from hedgehog_pipeline_tests.world import World


def _land(world: World, table: str = "design") -> int:
    """Land a row, which waits to be processed."""
    key = copy_row(world, table)
    world.launch("extraction")
    return key


def _remove_part(world: World, bucket: str, number: int) -> tuple[str, bytes]:
    """Remove the first object of a commit; give it."""
    commit = next(c for c in world.commits(bucket) if c["number"] == number)
    key = next(part["key"] for part in commit["parts"] if part["kind"] == "rows")
    body = world.s3.get_object(Bucket=bucket, Key=key)["Body"].read()
    world.s3.delete_object(Bucket=bucket, Key=key)
    return key, body


def test_one_commit_that_cannot_be_processed_holds_nothing_up(opened: World):
    bucket = opened.settings.ingestion_bucket
    before, bad, behind = (_land(opened) for _ in range(3))
    key, body = _remove_part(opened, bucket, 3)
    for _ in range(2):
        with pytest.raises(
            LeftError, match=r"^Everything else is done\. .*Ingestion commit 3 could"
        ):
            opened.run()
        assert is_held(opened, "design", before)
        assert is_held(opened, "design", behind)
    later = copy_row(opened, "design")
    with pytest.raises(LeftError, match=f"commit 3 could not be processed: .*{key}"):
        opened.run()
    assert is_held(opened, "design", later)
    assert not is_held(opened, "design", bad)
    opened.s3.put_object(Bucket=bucket, Key=key, Body=body)
    assert opened.run()
    assert is_held(opened, "design", bad)
    assert opened.run() == []


def test_one_commit_that_cannot_be_loaded_holds_nothing_up(opened: World):
    for _ in range(3):
        _land(opened)
        opened.launch("processing")
    _remove_part(opened, opened.settings.processed_bucket, 3)
    with pytest.raises(LeftError, match="Processed commit 3 could not be loaded: "):
        opened.run()
    commits = opened.commits(opened.settings.processed_bucket)
    loaded = opened.query("select number from hedgehog.commits order by number")
    assert loaded == [(number,) for number in range(1, len(commits) + 1) if number != 3]


def test_a_transform_that_fails_for_one_commit_holds_nothing_up(
    opened: World, monkeypatch: pytest.MonkeyPatch
):
    transform = TRANSFORMS["dim_currency"]

    def fails(rows: pd.DataFrame) -> pd.DataFrame:
        if "BAD" in set(rows["currency_code"]):
            raise OverflowError("too far")
        return transform(rows)

    monkeypatch.setitem(TRANSFORMS, "dim_currency", fails)
    bad = copy_row(opened, "currency", currency_code="BAD")
    told = "Ingestion commit 2 could not be processed: OverflowError: too far"
    with pytest.raises(LeftError, match=told):
        opened.run()
    good = copy_row(opened, "currency", currency_code="GUD")
    with pytest.raises(LeftError, match=told):
        opened.run()
    assert is_held(opened, "currency", good)
    assert not is_held(opened, "currency", bad)


def test_a_run_that_fails_behind_extraction_says_what_is_read_again(
    opened: World, monkeypatch: pytest.MonkeyPatch
):
    def fails(_rows: pd.DataFrame) -> pd.DataFrame:
        raise OverflowError("too far")

    monkeypatch.setitem(TRANSFORMS, "dim_payment_type", fails)
    opened.shop.execute("alter type payment_type_name rename value 'SALES_RECEIPT' to 'RECEIPT'")
    told: list[str] = []
    with pytest.raises(LeftError):
        told.extend(why for run in run_until_done(opened.surroundings) for why in run.reread_tables)
    assert [why[:35] for why in told] == ["payment_type is another table since"]


def test_a_run_beside_those_of_other_stages_says_what_is_read_again(opened: World):
    opened.shop.execute("alter type payment_type_name rename value 'SALES_RECEIPT' to 'RECEIPT'")
    (run,), _ = _whole_run(opened.settings, "extraction", datetime.now(timezone.utc).date(), ())
    assert [why[:35] for why in run.reread_tables] == ["payment_type is another table since"]


def test_what_failed_together_is_tried_alone_and_then_left():
    left = Left()
    waiting = [processed_commit(n, f"b{n}") for n in range(1, 6)]

    def tried(reason: str | None) -> list[int]:
        nonlocal waiting
        chosen = left.next_run("storage", waiting)
        left.note("storage", chosen, reason)
        if chosen and reason is None:
            waiting = [commit for commit in waiting if commit not in chosen]
        return [commit.number for commit in chosen]

    assert tried("bad") == [1, 2, 3, 4, 5]
    assert tried(None) == [1]
    assert tried("bad") == [2]
    waiting.append(processed_commit(6, "b6"))
    assert [tried(None) for _ in range(4)] == [[3], [4], [5], [6]]
    assert tried(None) == []
    with pytest.raises(LeftError, match=r"else is done.* Processed commit 2 could .*: bad$"):
        left.tell()


def test_a_stage_of_which_all_fails_is_given_up():
    left = Left()
    waiting = [processed_commit(n, f"b{n}") for n in range(1, 100)]
    count = 0
    while chosen := left.next_run("storage", waiting):
        left.note("storage", chosen, "bad")
        count += 1
    assert count == 1 + MOST_IN_A_ROW
    with pytest.raises(LeftError, match=f"^{MOST_IN_A_ROW} commits failed one after the other"):
        left.tell()
    assert left.next_run("processing", []) == []


def test_what_was_done_is_told_before_what_is_left(capsys: pytest.CaptureFixture[str]):
    def runs() -> Iterator[StageRun]:
        yield StageRun("storage", DAY, (1,), 5, 1.0)
        raise LeftError

    with pytest.raises(LeftError):
        sum_up(runs(), "all is well.")
    assert capsys.readouterr().out.split()[:4] == ["storage", "1", "runs", "5"]


def test_nothing_is_said_to_be_held_where_something_is_left(capsys: pytest.CaptureFixture[str]):
    def fails(_: int) -> StageRun:
        raise LeftError

    with pytest.raises(LeftError):
        sum_up(map(fails, [1]), "the warehouse holds everything that the shop holds.")
    assert capsys.readouterr().out == ""
