"""`hedgehog quarantine` lists the rows that are left out, shows them, and replays them."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta

import boto3
import pytest
from click.testing import CliRunner

from hedgehog_pipeline.cli import hedgehog
from hedgehog_pipeline.errors import HedgehogError
from hedgehog_pipeline.lake.log import commit_key
from hedgehog_pipeline.monitoring.health import ProbeSkippedError
from hedgehog_pipeline.monitoring.quarantine import QuarantinedRow, format_row
from hedgehog_pipeline.orchestration.alert_sensors import not_empty
from hedgehog_pipeline.runner.runner import replay_until_done
from hedgehog_pipeline_tests.support.archived import Archived
from hedgehog_pipeline_tests.support.demo_model import SOURCE, redeclare
from hedgehog_pipeline_tests.support.world import World

_STAMP = "last_updated = '2026-06-02 10:00:00'"
_TEXT = f"so\x1b[31mon{'!' * 50}"
_DATE = "is not a date in the form YYYY-MM-DD"
_MOMENT = "is not a moment of the years 1 to 9999 without a time zone"


@pytest.fixture(scope="module")
def dirty(archived: Archived) -> Iterator[World]:
    """A read-only world: a payment is invalid; a row of staff was invalid and is valid again."""
    with archived.copy() as world:
        yield _made_dirty(world)


@pytest.fixture
def changing(opened: World) -> World:
    """A world like `dirty` that a test may change."""
    return _made_dirty(opened)


def _made_dirty(world: World) -> World:
    world.change(f"update payment set payment_date = '{_TEXT}' where payment_id = 2")
    world.change(f"update staff set created_at = 'infinity', {_STAMP}")
    world.change(f"update staff set created_at = 'today', {_STAMP}")
    return world


def _run_quarantine(world: World, *arguments: str) -> str:
    """Run `hedgehog quarantine`; return what it prints."""
    command = ["quarantine", *arguments]
    result = CliRunner(env=world.environment).invoke(hedgehog, command, catch_exceptions=False)
    return result.stdout


def test_a_list_shows_the_open_entries(dirty: World) -> None:
    head, entry, count = _run_quarantine(dirty, "list").splitlines()
    assert head.split() == ["table", "key", "column", "value", "reason", "commit"]
    value = rf"so\x1b[31mon{'!' * 30}…"
    assert entry.split(maxsplit=4) == ["payment", "2", "payment_date", value, f"{_DATE}  2"]
    assert head.index("reason") == entry.index(_DATE)
    assert count == "1 open"


def test_a_list_of_all_entries_has_the_newest_last(dirty: World) -> None:
    head, *entries, count = _run_quarantine(dirty, "list", "--all").splitlines()
    assert head.endswith("commit  state")
    assert [entry.split()[0] for entry in entries] == ["payment", "staff"]
    assert [entry.split()[-2:] for entry in entries] == [["2", "open"], ["3", "closed"]]
    assert count == "1 open, 1 closed"


def test_a_list_can_be_printed_as_json(dirty: World) -> None:
    (entry,) = json.loads(_run_quarantine(dirty, "list", "--json"))
    part = entry.pop("part")
    assert entry == {
        "table": "payment",
        "key": "2",
        "column": "payment_date",
        "value": _TEXT,
        "reason": _DATE,
        "commit": 2,
        "line": 1,
        "open": True,
    }
    assert part in dirty.keys(dirty.settings.ingestion_bucket)


def test_a_list_before_the_first_load_is_empty(world: World) -> None:
    assert _run_quarantine(world, "list") == "0 open\n"
    assert json.loads(_run_quarantine(world, "list", "--json")) == []


def test_a_row_is_shown_as_it_landed(dirty: World) -> None:
    head, fault, *columns = _run_quarantine(dirty, "show", "staff", "1").splitlines()
    bucket = dirty.settings.ingestion_bucket
    (key,) = [
        part["key"]
        for commit in dirty.commits(bucket)
        for part in commit["parts"]
        if commit["number"] == 3
    ]
    assert head == f"commit 3: s3://{bucket}/{key}, row 1"
    assert fault == f"  closed: created_at {_MOMENT}"
    assert columns == [
        '    staff_id = "1"',
        '    first_name = "Jeremie"',
        '    last_name = "Franey"',
        '    department_id = "1"',
        '    email_address = "jeremie.franey@terrifictotes.com"',
        '    created_at = "infinity"',
        '    last_updated = "2026-06-02 10:00:00"',
    ]


def test_different_texts_are_shown_differently() -> None:
    row = {"a": "a\nb", "b": r"a\nb", "c": '"', "d": None, "e": "null"}
    _, *shown = format_row([QuarantinedRow(1, "", 1, (), row)])
    assert shown == [
        r'    a = "a\nb"',
        r'    b = "a\\nb"',
        r'    c = "\""',
        "    d = null",
        '    e = "null"',
    ]


def test_all_entries_of_a_row_are_shown(changing: World) -> None:
    changing.shop.execute("alter table payment alter payment_date drop not null")
    changing.change("update payment set payment_date = null where payment_id = 2")
    lines = _run_quarantine(changing, "show", "payment", "2").splitlines()
    assert [line for line in lines if not line.startswith("    ")][1::2] == [
        f"  open: payment_date {_DATE}",
        "  open: payment_date is absent",
    ]
    assert "    payment_date = null" in lines


def test_a_row_without_entries_is_an_error(dirty: World) -> None:
    with pytest.raises(HedgehogError, match=r"payment 1 has no quarantine entry; .* list --all"):
        _run_quarantine(dirty, "show", "payment", "1")
    with pytest.raises(HedgehogError, match=r"payment -1 has no quarantine entry;"):
        _run_quarantine(dirty, "show", "payment", "-1")


def test_a_replay_loads_the_rows_that_are_valid_now(
    opened: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened.shop.execute("alter table staff alter created_at drop not null")
    opened.run()
    opened.shop.execute("update payment set payment_date = 'soon'")
    opened.change("update staff set last_name = 'Bishop', created_at = null")
    opened.change(f"update department set location = 'Leeds', {_STAMP}")
    members = "select last_name, location from dim_staff"
    assert opened.query(members) == [("Franey", "Leeds")]

    assert _run_quarantine(opened, "replay").splitlines()[-1] == "0 closed, 3 open"
    assert opened.query(members) == [("Franey", "Leeds")]
    columns = [replace(c, nullable=c.name == "created_at") for c in SOURCE["staff"].columns]
    redeclare(monkeypatch, replace(SOURCE["staff"], columns=tuple(columns)))
    processing, storage, result = _run_quarantine(opened, "replay").splitlines()
    assert processing.split()[:3] == ["processing", "1", "runs"]
    assert storage.split()[:3] == ["storage", "1", "runs"]
    assert result == "1 closed, 2 open"
    assert opened.query(members) == [("Bishop", "Leeds")]
    assert "staff" not in _run_quarantine(opened, "list")


def test_a_replay_prints_its_counts_even_if_a_commit_is_skipped(changing: World) -> None:
    bucket = changing.settings.ingestion_bucket
    _, commit, *_ = changing.commits(bucket)
    changing.s3.delete_object(Bucket=bucket, Key=commit["parts"][0]["key"])
    result = CliRunner(env=changing.environment).invoke(hedgehog, ["quarantine", "replay"])
    assert result.stdout.splitlines()[-1] == "0 closed, 1 open"
    assert "Ingestion commit 2 could not be processed: " in f"{result.exception}{result.stderr}"


def test_a_replay_of_nothing_runs_nothing(opened: World) -> None:
    assert _run_quarantine(opened, "replay") == "0 closed, 0 open\n"
    assert len(opened.commits(opened.settings.processed_bucket)) == 1


def test_commits_are_processed_again_day_by_day(changing: World) -> None:
    s3, bucket = changing.s3, changing.settings.ingestion_bucket
    for number, days in ((1, 2), (2, 1), (3, 1)):
        key = commit_key(number)
        commit = json.loads(s3.get_object(Bucket=bucket, Key=key)["Body"].read())
        commit["date"] = str(date.fromisoformat(commit["date"]) - timedelta(days))
        s3.put_object(Bucket=bucket, Key=key, Body=json.dumps(commit))
    runs = replay_until_done(changing.deployment, {4, 3, 2})
    assert [(run.stage, run.commits) for run in runs] == [
        ("processing", (2, 3)),
        ("processing", (4,)),
        ("storage", (5,)),
        ("storage", (6,)),
    ]


def test_the_probe_fails_while_entries_are_open(changing: World) -> None:
    probe = not_empty(changing.deployment.first_quarantine_entry)
    with pytest.raises(HedgehogError) as failure:
        probe()
    assert str(failure.value).startswith(
        "1 values of the source are in quarantine, and their rows are not loaded. The first is "
        f"payment 2: payment_date {_DATE} (commit 2). `hedgehog quarantine list`"
    )
    changing.change(f"update payment set payment_date = '2026-06-08', {_STAMP}")
    probe()


def test_the_probe_is_skipped_if_the_warehouse_cannot_be_reached(world: World) -> None:
    probe = not_empty(world.deployment.first_quarantine_entry)
    probe()
    boto3.client("secretsmanager").delete_secret(
        SecretId=world.settings.warehouse_secret, ForceDeleteWithoutRecovery=True
    )
    with pytest.raises(ProbeSkippedError):
        probe()


def test_a_row_of_a_truncated_part_is_not_shown(dirty: World) -> None:
    (entry,) = json.loads(_run_quarantine(dirty, "list", "--json"))
    place = {"Bucket": dirty.settings.ingestion_bucket, "Key": entry["part"]}
    body = dirty.s3.get_object(**place)["Body"].read()
    dirty.s3.put_object(**place, Body=body[:-1])
    try:
        with pytest.raises(HedgehogError, match=f"{entry['part']} .* was altered: it has "):
            _run_quarantine(dirty, "show", "payment", "2")
    finally:
        dirty.s3.put_object(**place, Body=body)
