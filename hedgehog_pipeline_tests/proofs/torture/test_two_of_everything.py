"""Two processes do the same work at the same time: one discards its result, and no row is doubled.

They are forced to overlap: both are held up, at a lock or in a PUT, until both have reached it.
"""

import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timezone
from pathlib import Path
from threading import Thread
from typing import Any

import psycopg
import pytest

from hedgehog_pipeline.aws.clients import TIMEOUTS
from hedgehog_pipeline.extraction.capture_request import CaptureRequest, Mode
from hedgehog_pipeline.runner.execute import execute
from hedgehog_pipeline.sandbox.waiting import await_condition
from hedgehog_pipeline.storage.warehouse import _LOADERS_LOCK
from hedgehog_pipeline_tests.proofs.outages.proxy import Proxy
from hedgehog_pipeline_tests.support.capturing import assert_landed_once
from hedgehog_pipeline_tests.support.odd_shop import change, place, seed
from hedgehog_pipeline_tests.support.warehouse_rows import (
    assert_warehouse_has_the_shop,
    assert_warehouse_is_the_shop,
)
from hedgehog_pipeline_tests.support.world import World, reset_process_caches

_FILE = "currency_id,currency_code,created_at,last_updated\n{},CHF,{at},{at}\n"
_ROUNDS = 4
_TIMEOUT_SECONDS = 240
_COMMAND = f"""
from hedgehog_pipeline.aws.clients import TIMEOUTS
from hedgehog_pipeline.cli import main
TIMEOUTS.read_timeout = {_TIMEOUT_SECONDS}
main()
"""
_AT = "2026-11-02 12:00:00"


@pytest.fixture
def proxy(world: World, monkeypatch: pytest.MonkeyPatch) -> Iterator[Proxy]:
    """A shop after its initial load, with S3 behind a proxy and long timeouts for its delays."""
    monkeypatch.setattr(TIMEOUTS, "read_timeout", _TIMEOUT_SECONDS)
    seed(world)
    _execute(world, "extraction")
    endpoint = os.environ["AWS_ENDPOINT_URL"]
    with Proxy(lambda: endpoint) as proxy:
        Thread(target=proxy.serve_forever, daemon=True).start()
        monkeypatch.setenv("AWS_ENDPOINT_URL_S3", proxy.url)
        reset_process_caches()
        yield proxy
        proxy.shutdown()


def _execute(world: World, stage: str, request: CaptureRequest = CaptureRequest()) -> None:
    """Run a stage on its pending commits."""
    waiting = {"processing": "commits_to_process", "storage": "commits_to_load"}.get(stage)
    commits = getattr(world.deployment, waiting)() if waiting else ()
    execute(world.deployment, stage, datetime.now(timezone.utc).date(), commits, request=request)


def _twice(proxy: Proxy, key: str, work: Callable[[], None]) -> None:
    """Do the work twice in parallel; both wait until both PUT a key that contains `key`."""
    with ThreadPoolExecutor() as threads:
        with proxy.holding_up(key, answer_lost=False):
            runs = [threads.submit(work) for _ in "ab"]
            for _ in runs:
                proxy.caught.get(timeout=_TIMEOUT_SECONDS)
        for run in runs:
            run.result()


Events = Callable[[], list[str]]


@pytest.fixture
def events(caplog: pytest.LogCaptureFixture) -> Events:
    """Return the events logged since the last call, except `written`."""
    caplog.set_level("INFO", "hedgehog_pipeline")

    def logged_events() -> list[str]:
        logged = [getattr(record, "event", "") for record in caplog.records]
        caplog.clear()
        return sorted(event for event in logged if event != "written")

    return logged_events


def test_one_of_two_processing_runs_discards_its_commit(world: World, proxy: Proxy, events: Events):
    events()
    _twice(
        proxy,
        f"/{world.settings.processed_bucket}/star/",
        lambda: _execute(world, "processing"),
    )
    assert events() == ["committed", "let go"]
    assert world.deployment.lake.processed.end() == 1
    assert {run.stage for run in world.run()} == {"storage"}
    assert_warehouse_is_the_shop(world)


@pytest.mark.usefixtures("proxy")
def test_the_second_of_two_storage_runs_loads_nothing(
    world: World, caplog: pytest.LogCaptureFixture
):
    _execute(world, "processing")
    with ThreadPoolExecutor() as threads, caplog.at_level("INFO", "hedgehog_pipeline"):
        with psycopg.connect(world.servers.postgres.dsn(world.warehouse_database)) as gate:
            gate.execute("select pg_advisory_xact_lock(%s)", [_LOADERS_LOCK])
            runs = [threads.submit(_execute, world, "storage") for _ in "ab"]
            waiting = "select from pg_locks where locktype = 'advisory' and not granted"
            assert await_condition(lambda: len(world.query(waiting)) == 2, 60)
        for run in runs:
            run.result()
    loaded: list[Any] = [
        record for record in caplog.records if getattr(record, "event", None) == "loaded"
    ]
    first, second = sorted((record.fields["rows"] for record in loaded), reverse=True)
    assert first > second == 0
    assert world.query("select number from hedgehog.commits") == [(1,)]
    assert_warehouse_is_the_shop(world)
    assert world.run() == []


def test_one_of_two_delete_detections_discards_its_commit(
    world: World, proxy: Proxy, events: Events
):
    world.run()
    world.detect_deletes()
    world.shop.execute("delete from sales_order where sales_order_id = 2")
    events()
    request = CaptureRequest(Mode.SWEEP)
    _twice(proxy, "/tombstones/oltp/", lambda: _execute(world, "extraction", request))
    assert events() == ["committed", "let go"]
    assert [run.stage for run in world.run()] == ["processing", "storage"]
    assert world.query("select key from hedgehog.tombstones") == [(2,)]
    assert_warehouse_is_the_shop(world)
    assert_landed_once(world)


def test_a_delete_detection_overtaken_by_a_capture_is_discarded_and_the_next_sees_both(
    world: World, proxy: Proxy, events: Events
):
    world.run()
    world.shop.execute("delete from sales_order where sales_order_id = 2")
    events()
    with ThreadPoolExecutor() as threads:
        with proxy.holding_up("/keys/oltp/", answer_lost=False):
            sweep = threads.submit(_execute, world, "extraction", CaptureRequest(Mode.SWEEP))
            proxy.caught.get(timeout=_TIMEOUT_SECONDS)
            place(world.shop)
            _execute(world, "extraction")
        sweep.result()
    assert events() == ["committed", "let go"]
    world.detect_deletes()
    assert_warehouse_is_the_shop(world)
    assert_landed_once(world)


def test_one_of_two_runs_that_claim_a_file_discards_its_commit(
    world: World, proxy: Proxy, events: Events
):
    _upload(world, 8)
    events()
    request = CaptureRequest(Mode.INBOX)
    _twice(proxy, "/oltp/currency/", lambda: _execute(world, "extraction", request))
    assert events() == ["committed", "file taken", "let go"]
    world.run()
    assert world.query("select currency_code from dim_currency where currency_id = 8") == [("CHF",)]
    assert_landed_once(world)


def _upload(world: World, key: int) -> None:
    """Upload a file with a currency to the inbox."""
    world.s3.put_object(
        Bucket=world.settings.ingestion_bucket,
        Key=f"inbox/currency/{key}.csv",
        Body=_FILE.format(key, at=_AT).encode(),
    )


def _start(folder: Path) -> "subprocess.Popen[str]":
    """Start `hedgehog run --sweep` as a process."""
    command = [sys.executable, "-c", _COMMAND, "run", "--sweep", "--allow-mass-delete"]
    pipe = subprocess.PIPE
    return subprocess.Popen(command, cwd=folder, stdout=pipe, stderr=pipe, text=True)


def _events_of(process: "subprocess.Popen[str]") -> Counter[str]:
    """Wait for a process; return the numbers of its log lines by event and stage."""
    _output, errors = process.communicate(timeout=_TIMEOUT_SECONDS)
    assert process.returncode == 0, errors
    lines = [json.loads(line) for line in errors.splitlines()]
    return Counter(f"{line['event']} {line['stage']}" for line in lines)


def _trade(world: World, number: int) -> None:
    """Place, change and delete an order, and upload a file."""
    _placed, deleted = place(world.shop, 2)
    change(world.shop, "1", number, f"2026-11-03 12:00:{number:02d}")
    world.run()
    world.shop.execute("delete from sales_order where sales_order_id = %s", [deleted])
    place(world.shop)
    _upload(world, 100 + number)


def _assert_all_is_there_once(world: World, files: int) -> None:
    """Check that each capture and file was landed and processed once, and no row is doubled."""
    lake = world.deployment.lake
    ingestion, processed = list(lake.ingestion.after(0)), list(lake.processed.after(0))
    assert (processed[-1].through, processed[-1].gaps) == (len(ingestion), ())
    assert sorted(number for commit in processed for number, _ in commit.sources) == [
        commit.number for commit in ingestion
    ]
    claimed = Counter(commit.taken.key for commit in ingestion if commit.taken)
    assert claimed == Counter({f"inbox/currency/{100 + n}.csv": 1 for n in range(files)})
    assert world.query("select count(*) from hedgehog.commits") == [(len(processed),)]
    assert_warehouse_has_the_shop(world)
    keys = "select sales_order_id from {} order by 1"
    shop = world.shop.execute(keys.format("sales_order").encode()).fetchall()
    assert world.query(keys.format("fact_sales_order_current")) == shop
    assert_landed_once(world)
    assert world.run() == []


def test_one_of_two_commands_discards_its_commit_and_both_succeed(
    world: World, proxy: Proxy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    for name, value in world.environment.items():
        monkeypatch.setenv(name, value)
    _trade(world, 0)
    with proxy.holding_up(f"/{world.settings.ingestion_bucket}/oltp/", answer_lost=False):
        commands = [_start(tmp_path) for _ in "ab"]
        for _ in commands:
            proxy.caught.get(timeout=_TIMEOUT_SECONDS)
    events = sum((_events_of(command) for command in commands), Counter[str]())
    assert events["let go extraction"] >= 1
    _assert_all_is_there_once(world, files=1)


@pytest.mark.torture
@pytest.mark.timeout(900)
def test_four_commands_at_once_lose_and_double_nothing(
    world: World,
    proxy: Proxy,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    tell: Callable[[str], None],
):
    for name, value in world.environment.items():
        monkeypatch.setenv(name, value)
    events = Counter[str]()
    for number in range(_ROUNDS):
        _trade(world, number)
        with proxy.holding_up(f"/{world.settings.ingestion_bucket}/oltp/", answer_lost=False):
            commands = [_start(tmp_path) for _ in range(4)]
            for _ in commands:
                proxy.caught.get(timeout=_TIMEOUT_SECONDS)
        events += sum((_events_of(command) for command in commands), Counter[str]())
    _assert_all_is_there_once(world, files=_ROUNDS)
    discarded = {name: count for name, count in sorted(events.items()) if name.startswith("let go")}
    tell(f"four commands at once, {_ROUNDS} times: {discarded}, no row doubled")
