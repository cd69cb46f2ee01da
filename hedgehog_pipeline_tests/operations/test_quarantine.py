"""`hedgehog quarantine` names the rows that are left out, shows them, takes them in the end."""

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
from hedgehog_pipeline.model.source import SOURCE
from hedgehog_pipeline.monitoring.health import UnaskedError
from hedgehog_pipeline.monitoring.quarantine import QuarantinedRow, format_row
from hedgehog_pipeline.orchestration.alert_sensors import not_empty
from hedgehog_pipeline.runner.runner import replay_until_done
from hedgehog_pipeline_tests.archived import Archived
from hedgehog_pipeline_tests.world import World

_STAMP = "last_updated = '2026-06-02 10:00:00'"
_TEXT = f"so\x1b[31mon{'!' * 50}"
_DATE = "is not a date in the form YYYY-MM-DD"
_MOMENT = "is not a moment of the years 1 to 9999 without a time zone"


@pytest.fixture(scope="module")
def dirty(archived: Archived) -> Iterator[World]:
    """A shop that a payment became bad in, and then its staff, which is good again; to look at."""
    with archived.copy() as world:
        yield _made_dirty(world)


@pytest.fixture
def changing(opened: World) -> World:
    """Such a shop, to be changed."""
    return _made_dirty(opened)


def _made_dirty(world: World) -> World:
    world.change(f"update payment set payment_date = '{_TEXT}' where payment_id = 2")
    world.change(f"update staff set created_at = 'infinity', {_STAMP}")
    world.change(f"update staff set created_at = 'today', {_STAMP}")
    return world


def _told(world: World, *arguments: str) -> str:
    """What `hedgehog quarantine` prints."""
    command = ["quarantine", *arguments]
    result = CliRunner(env=world.environment).invoke(hedgehog, command, catch_exceptions=False)
    return result.stdout


def test_a_list_names_what_is_open(dirty: World) -> None:
    head, entry, count = _told(dirty, "list").splitlines()
    assert head.split() == ["table", "key", "column", "value", "reason", "commit"]
    value = rf"so\x1b[31mon{'!' * 30}…"
    assert entry.split(maxsplit=4) == ["payment", "2", "payment_date", value, f"{_DATE}  2"]
    assert head.index("reason") == entry.index(_DATE)
    assert count == "1 open"


def test_a_list_of_all_has_the_newest_last(dirty: World) -> None:
    head, *entries, count = _told(dirty, "list", "--all").splitlines()
    assert head.endswith("commit  state")
    assert [entry.split()[0] for entry in entries] == ["payment", "staff"]
    assert [entry.split()[-2:] for entry in entries] == [["2", "open"], ["3", "closed"]]
    assert count == "1 open, 1 closed"


def test_a_list_can_be_had_as_json(dirty: World) -> None:
    (entry,) = json.loads(_told(dirty, "list", "--json"))
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
    assert _told(world, "list") == "0 open\n"
    assert json.loads(_told(world, "list", "--json")) == []


def test_a_row_is_shown_as_it_was_landed(dirty: World) -> None:
    head, fault, *columns = _told(dirty, "show", "staff", "1").splitlines()
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


def test_texts_that_differ_are_shown_differently() -> None:
    row = {"a": "a\nb", "b": r"a\nb", "c": '"', "d": None, "e": "null"}
    _, *shown = format_row([QuarantinedRow(1, "", 1, (), row)])
    assert shown == [
        r'    a = "a\nb"',
        r'    b = "a\\nb"',
        r'    c = "\""',
        "    d = null",
        '    e = "null"',
    ]


def test_all_that_was_told_of_a_row_is_shown(changing: World) -> None:
    changing.shop.execute("alter table payment alter payment_date drop not null")
    changing.change("update payment set payment_date = null where payment_id = 2")
    lines = _told(changing, "show", "payment", "2").splitlines()
    assert [line for line in lines if not line.startswith("    ")][1::2] == [
        f"  open: payment_date {_DATE}",
        "  open: payment_date is absent",
    ]
    assert "    payment_date = null" in lines


def test_a_row_that_nothing_was_told_of_is_told_so(dirty: World) -> None:
    with pytest.raises(HedgehogError, match=r"Nothing was told of payment 1; .* list --all"):
        _told(dirty, "show", "payment", "1")
    with pytest.raises(HedgehogError, match=r"Nothing was told of payment -1;"):
        _told(dirty, "show", "payment", "-1")


def test_a_replay_takes_what_can_be_taken_now(
    opened: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened.shop.execute("alter table staff alter created_at drop not null")
    opened.run()
    opened.shop.execute("update payment set payment_date = 'soon'")
    opened.change("update staff set last_name = 'Bishop', created_at = null")
    opened.change(f"update department set location = 'Leeds', {_STAMP}")
    members = "select last_name, location from dim_staff"
    assert opened.query(members) == [("Franey", "Leeds")]

    assert _told(opened, "replay").splitlines()[-1] == "0 closed, 3 open"
    assert opened.query(members) == [("Franey", "Leeds")]
    columns = [replace(c, nullable=c.name == "created_at") for c in SOURCE["staff"].columns]
    monkeypatch.setitem(SOURCE, "staff", replace(SOURCE["staff"], columns=tuple(columns)))
    processing, storage, result = _told(opened, "replay").splitlines()
    assert processing.split()[:3] == ["processing", "1", "runs"]
    assert storage.split()[:3] == ["storage", "1", "runs"]
    assert result == "1 closed, 2 open"
    assert opened.query(members) == [("Bishop", "Leeds")]
    assert "staff" not in _told(opened, "list")


def test_a_replay_tells_its_counts_also_where_a_commit_is_left(changing: World) -> None:
    bucket = changing.settings.ingestion_bucket
    _, commit, *_ = changing.commits(bucket)
    changing.s3.delete_object(Bucket=bucket, Key=commit["parts"][0]["key"])
    result = CliRunner(env=changing.environment).invoke(hedgehog, ["quarantine", "replay"])
    assert result.stdout.splitlines()[-1] == "0 closed, 1 open"
    assert "Ingestion commit 2 could not be processed: " in f"{result.exception}{result.stderr}"


def test_a_replay_of_nothing_runs_nothing(opened: World) -> None:
    assert _told(opened, "replay") == "0 closed, 0 open\n"
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
    probe = not_empty(changing.deployment.first_in_quarantine)
    with pytest.raises(HedgehogError) as told:
        probe()
    assert str(told.value).startswith(
        "1 values of the shop cannot be taken, and their rows are left out; the first is "
        f"payment 2: payment_date {_DATE} (commit 2). `hedgehog quarantine list`"
    )
    changing.change(f"update payment set payment_date = '2026-06-08', {_STAMP}")
    probe()


def test_the_probe_of_a_warehouse_that_is_out_of_reach_says_nothing(world: World) -> None:
    probe = not_empty(world.deployment.first_in_quarantine)
    probe()
    boto3.client("secretsmanager").delete_secret(
        SecretId=world.settings.warehouse_secret, ForceDeleteWithoutRecovery=True
    )
    with pytest.raises(UnaskedError):
        probe()


def test_a_row_of_a_part_that_was_cut_is_not_shown(dirty: World) -> None:
    (entry,) = json.loads(_told(dirty, "list", "--json"))
    place = {"Bucket": dirty.settings.ingestion_bucket, "Key": entry["part"]}
    body = dirty.s3.get_object(**place)["Body"].read()
    dirty.s3.put_object(**place, Body=body[:-1])
    try:
        with pytest.raises(HedgehogError, match=f"{entry['part']} .* was altered: it has "):
            _told(dirty, "show", "payment", "2")
    finally:
        dirty.s3.put_object(**place, Body=body)
