"""Log lines on the console and in CloudWatch, and the messages that Dagster's UI shows."""

import json
import logging
import re
from dataclasses import replace
from datetime import datetime, timezone
from typing import Any

import boto3
import pytest

from hedgehog_pipeline.extraction.snapshot import PgSnapshot
from hedgehog_pipeline.lake.commits import IngestionCommit
from hedgehog_pipeline.logs.events import StageLog, WatchLog
from hedgehog_pipeline.orchestration.assets import extraction as assets
from hedgehog_pipeline_tests.support.world import World

_BACKEND_XID = "select backend_xid::text from pg_stat_activity where pid = pg_backend_pid()"


@pytest.fixture
def logged(world: World) -> World:
    """A small shop, with a log group of its own for the platform."""
    group = world.settings.parameter_prefix
    boto3.client("logs").create_log_group(logGroupName=group)
    world.load_small()
    return replace(world, settings=replace(world.settings, log_group=group))


def test_the_console_and_cloudwatch_say_the_same(
    logged: World, capsys: pytest.CaptureFixture[str]
) -> None:
    logged.run()
    console = [line for line in capsys.readouterr().err.splitlines() if line.startswith("{")]
    assert sorted(console) == sorted(_lines_in_cloudwatch(logged))


def test_lines_name_stage_batch_commit_table_rows_bytes_and_seconds(logged: World) -> None:
    logged.run()
    lines = [json.loads(line) for line in _lines_in_cloudwatch(logged)]
    landed = _one(lines, stage="extraction", event="committed")
    orders = _one(lines, stage="extraction", table="sales_order")
    processed = _one(lines, stage="processing", table="fact_sales_order")
    loaded = _one(lines, stage="storage", event="loaded")
    assert orders["rows"] == processed["rows"] == 1
    assert orders["bytes"] > 0
    assert orders["batch"] == landed["batch"]
    assert landed["commit"] == loaded["commit"] == 1
    assert landed["seconds"] > 0


def test_with_text_format_the_console_shows_a_line_per_stage_and_cloudwatch_gets_json(
    logged: World, capsys: pytest.CaptureFixture[str]
) -> None:
    replace(logged, settings=replace(logged.settings, log_format="text")).run()
    lines = capsys.readouterr().err.splitlines()
    figures = re.compile(r"\d\d:\d\d:\d\d|\d+\.\d s")
    assert [" ".join(figures.sub("", line).split()) for line in lines] == [
        "extraction commit 1 landed: 14 rows of 11 tables in",
        "processing commit 1 processed: 22 rows of 11 tables in",
        "storage commit 1 loaded: 18 rows of 11 tables in",
    ]
    events = [json.loads(line)["event"] for line in _lines_in_cloudwatch(logged)]
    assert {"written", "committed", "loaded"} == set(events)


def test_the_message_that_dagster_shows_names_table_and_numbers(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    world.load_small()
    with caplog.at_level(logging.INFO, logger="hedgehog_pipeline"):
        world.run()
    messages = [record.getMessage() for record in caplog.records if hasattr(record, "event")]
    assert any(re.fullmatch(r"sales_order: 1 row, \d+ bytes written", each) for each in messages)
    assert "fact_sales_order: 1 row written" in messages


def test_a_capture_names_the_open_transaction_that_makes_its_commit_long_and_later_ones_do_not(
    opened: World, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(assets, "_MANY_RANGES", 0)
    with opened.connect() as late, caplog.at_level(logging.INFO, logger="hedgehog_pipeline"):
        late.execute("select pg_current_xact_id()")
        ((named,),) = late.execute(_BACKEND_XID).fetchall()
        opened.shop.execute("update design set file_name = 'new.json'")
        opened.launch("extraction")
        expected = (
            rf"transaction {named} of the source is still open; [1-9]\d* others? began after it"
        )
        assert re.search(expected, caplog.text)  # autovacuum may take an id as well
        late.rollback()
        caplog.clear()
        opened.detect_deletes()
        opened.shop.execute("update staff set first_name = 'New'")
        opened.launch("extraction", "staff")
        assert "committed" in {getattr(record, "event", "") for record in caplog.records}
        assert not re.search(expected, caplog.text)


def test_a_transaction_is_named_as_the_source_names_it(caplog: pytest.LogCaptureFixture) -> None:
    """With 32 bits, as pg_stat_activity shows it."""
    now = datetime.now(timezone.utc)
    commit = IngestionCommit(
        log="a-log",
        number=3,
        previous="b",
        batch="c",
        date=now.date(),
        kind="increment",
        captured_at=now,
        source="1/1/1",
        base={},
    )
    snapshot = PgSnapshot(f"{2**32 + 754}:{2**32 + 760}:{2**32 + 754}")
    with caplog.at_level(logging.INFO, logger="hedgehog_pipeline"):
        StageLog().transaction_open(commit, snapshot, 3)
    assert "transaction 754 of the source is still open; 5 others began after it" in caplog.text


def test_no_line_holds_a_password(logged: World) -> None:
    logged.run()
    text = "\n".join(_lines_in_cloudwatch(logged))
    assert "password" not in text
    assert '"reader"' not in text


@pytest.mark.usefixtures("servers")
def test_a_missing_log_group_fails_no_sensor() -> None:
    with pytest.warns(match="Failed to deliver logs"):
        WatchLog("nobody").lag(1)


def _one(lines: list[dict[str, Any]], **fields: object) -> dict[str, Any]:
    (line,) = [line for line in lines if fields.items() <= line.items()]
    return line


def _lines_in_cloudwatch(world: World) -> list[str]:
    client = boto3.client("logs")
    group = world.settings.log_group
    streams = client.describe_log_streams(logGroupName=group)["logStreams"]
    return [
        event["message"]
        for stream in streams
        for event in client.get_log_events(
            logGroupName=group, logStreamName=stream["logStreamName"], startFromHead=True
        )["events"]
    ]
