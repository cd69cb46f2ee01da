"""A lake and a warehouse that older code made are read and continued by this code (README.md)."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, get_args

import boto3
import pytest
from click.testing import CliRunner

from hedgehog_pipeline.cli import hedgehog
from hedgehog_pipeline.lake.checkpoints import Checkpoint, Checkpoints
from hedgehog_pipeline.lake.commits import IngestionCommit, IngestionKind, PartKind, ProcessedCommit
from hedgehog_pipeline.lake.csv_reader import landed_schema
from hedgehog_pipeline.sandbox.postgres import PostgresServer
from hedgehog_pipeline.storage.views import views
from hedgehog_pipeline_tests.integration.lake_before.restored import Fixture, restored
from hedgehog_pipeline_tests.integration.runner.test_rebuild import rows_to_compare
from hedgehog_pipeline_tests.support.demo_model import RECONCILED, SOURCE, STAR
from hedgehog_pipeline_tests.support.servers import Servers
from hedgehog_pipeline_tests.support.world import Rows, World

LANDED, PROCESSED, LOADED = 14, 13, 12
"""The last ingestion commit of each stage in the fixture."""

_ORDER = "fact_sales_order", "1"
_NEW = "insert into currency values (3, 'USD', '2026-06-08', '2026-06-08')"
_VIEWS = """
    select relnamespace::regnamespace || '.' || relname, relacl::text,
           obj_description(pg_class.oid, 'pg_class'), xmin::text
    from pg_class where relkind = 'v' and relnamespace in ('public'::regnamespace,
                                                           'hedgehog'::regnamespace)
    order by 1
"""


@pytest.fixture(scope="module")
def fixture() -> Fixture:
    return Fixture()


@pytest.fixture(scope="module")
def before(servers: Servers, fixture: Fixture) -> Iterator[World]:
    """The deployment as the older code left it, on a cluster of its own, whose ids are low."""
    with (
        TemporaryDirectory() as place,
        PostgresServer(
            Path(place) / "postgres", durable=False, settings={"autovacuum": "off"}
        ) as postgres,
        restored(Servers(postgres, servers.aws), fixture) as world,
    ):
        yield world


@dataclass(frozen=True)
class Reading:
    """What commands and queries read before the first run."""

    status: dict[str, Any]
    trace: dict[str, Any]
    views: Rows
    checkpoints: list[Checkpoint | None]


@pytest.fixture(scope="module")
def reading(before: World) -> Reading:
    return Reading(
        _hedgehog(before, "status"),
        _hedgehog(before, "trace", *_ORDER),
        before.query(_VIEWS),
        list(_checkpoints(before, "department", "staff")),
    )


def _checkpoints(world: World, *names: str) -> Iterator[Checkpoint | None]:
    for table in (SOURCE[name] for name in names):
        checkpoints = Checkpoints(world.deployment.lake.processed.bucket, table)
        for ref in checkpoints.before(LANDED):
            yield checkpoints.read(ref, landed_schema(table))


@pytest.fixture(scope="module")
def continued(before: World, reading: Reading) -> World:  # noqa: ARG001 (read before the run)
    """The shop has a new currency, and this code has run; a replay is all that may follow."""
    before.change(_NEW)
    return before


def _hedgehog(world: World, *words: str) -> Any:
    """Run a command with `--json`; return what it prints."""
    runner = CliRunner(env=world.environment)
    result = runner.invoke(hedgehog, [*words, "--json"], catch_exceptions=False)
    assert result.exit_code == 0
    return json.loads(result.stdout)


def test_the_fixture_has_every_kind_of_commit_and_part(fixture: Fixture):
    ingestion, processed = (
        [json.loads(body) for body in fixture.commits(log)] for log in ("ingestion", "processed")
    )
    kinds = get_args(ProcessedCommit.model_fields["kind"].annotation)
    assert {commit["kind"] for commit in ingestion} == set(get_args(IngestionKind))
    assert {commit["kind"] for commit in processed} == set(kinds)
    parts = [part for commit in (*ingestion, *processed) for part in commit["parts"]]
    assert {part["kind"] for part in parts} == set(get_args(PartKind))
    first = {part["asset"] for commit in ingestion[:2] for part in commit["parts"]}
    assert first == {f"oltp/{table}" for table in SOURCE}
    assert any(commit["seen"] for commit in ingestion)
    assert any(commit["reread_tables"] for commit in ingestion)


@pytest.mark.parametrize(
    ("log", "model"), [("ingestion", IngestionCommit), ("processed", ProcessedCommit)]
)
def test_a_commit_is_parsed_and_written_to_the_same_bytes(
    fixture: Fixture, log: str, model: type[IngestionCommit] | type[ProcessedCommit]
):
    for body in fixture.commits(log):
        assert model.model_validate_json(body).model_dump_json(indent=1).encode() == body


def test_the_status_counts_what_waits(reading: Reading):
    status = reading.status
    numbers = [status[name] for name in ("landed", "processed", "loaded")]
    assert numbers == [LANDED, PROCESSED, LOADED]
    assert status["seconds_behind"] > 0
    assert (status["in_quarantine"], status["building"]) == (2, False)


def test_checkpoints_are_found_and_read(reading: Reading):
    assert [checkpoint and checkpoint.rows.num_rows for checkpoint in reading.checkpoints] == [1, 1]


def test_a_run_captures_only_what_changed_since(continued: World):
    (commit,) = continued.deployment.lake.ingestion.after(LANDED)
    assert (commit.kind, commit.reread, commit.reread_tables) == ("increment", None, {})
    assert [(part.asset, part.rows) for part in commit.parts] == [
        ("oltp/currency", 1),
        ("oltp/design", 1),  # whose transaction was open at the last capture
    ]
    assert continued.run() == []


def test_what_waited_is_processed_and_loaded(continued: World):
    status = _hedgehog(continued, "status")
    numbers = {status[name] for name in ("landed", "processed", "loaded")}
    assert (numbers, status["seconds_behind"]) == ({LANDED + 1}, 0)
    assert _versions(continued) == [(1500, 2), (1600, 4), (20, 5), (1700, 13)]
    assert continued.query("select units_sold from fact_sales_order_current") == [(1700,)]
    legal_name = "select counterparty_legal_name from dim_counterparty"
    assert continued.query(legal_name) == [("Fahey Ltd",)]
    assert continued.query("select first_name, location from dim_staff") == [("Jeremie", "Leeds")]
    assert continued.query("select design_name from dim_design order by 1") == [
        ("Steel",),
        ("Wooden",),
    ]
    codes = "select currency_code from dim_currency order by currency_id"
    assert continued.query(codes) == [("GBP",), ("EUR",), ("USD",), ("CHF",)]
    assert continued.query("select payment_id, paid from fact_payment_current order by 1") == [
        (1, False),
        (2, False),
    ]


def _versions(world: World) -> Rows:
    return world.query(
        "select units_sold, ingestion_commit from fact_sales_order order by ingestion_commit"
    )


def test_the_warehouse_is_reconciled(continued: World):
    tables = _hedgehog(continued, "reconcile")
    assert {name: table["verdict"] for name, table in tables.items()} == {
        **dict.fromkeys(RECONCILED, "ok"),
        "dim_currency": "1 from an inbox file",
        "fact_payment": "1 in quarantine",
    }


def test_the_quarantine_is_readable(continued: World):
    entries = _hedgehog(continued, "quarantine", "list", "--all")
    assert [(entry["table"], entry["value"], entry["open"]) for entry in entries] == [
        ("payment", "soon", True),
        ("staff", "infinity", False),
        ("currency", "ten,SEK,2026-06-01 09:30:00.123,2026-06-01 09:30:00.123", True),
    ]
    (shown,) = _hedgehog(continued, "quarantine", "show", "payment", "2")
    assert shown["row"]["payment_date"] == "soon"


def test_a_row_is_traced_through_both_buckets(reading: Reading, continued: World):
    versions = [(2, "archive", "1500"), (4, "increment", "1600"), (13, "increment", "1700")]
    assert _landings(reading.trace) == versions[:2]
    assert _landings(_hedgehog(continued, "trace", *_ORDER)) == versions


def _landings(trace: dict[str, Any]) -> list[tuple[int, str, str]]:
    """Return the capture of each version; its row is in the CSV, the Parquet and the warehouse."""
    assert all(version["shaping"]["part"] for version in trace["versions"])
    assert not any(version["disagreements"] for version in trace["versions"])
    landings = [landing for version in trace["versions"] for landing in version["landings"]]
    return [(each["commit"], each["kind"], each["row"]["units_sold"]) for each in landings]


def test_the_views_are_replaced_and_keep_their_grants(reading: Reading, continued: World):
    earlier = {name: grants for name, grants, *_ in reading.views}
    assert sum("analyst" in (grants or "") for grants in earlier.values()) == 2
    replaced = continued.query(_VIEWS)
    assert {name: grants for name, grants, *_ in replaced} == earlier
    assert {comment for _, _, comment, _ in replaced} == {view.comment for view in views(STAR)}


def test_a_rebuild_gives_the_same_warehouse(continued: World):
    with _with_empty_warehouse(continued) as rebuilt:
        rebuilt.rebuild()
        assert rows_to_compare(rebuilt) == rows_to_compare(continued)
        assert len(_hedgehog(rebuilt, "quarantine", "list", "--all")) == 3


@contextmanager
def _with_empty_warehouse(world: World) -> Iterator[World]:
    """Yield a world with the same shop and buckets; a rebuild of it writes no object."""
    secret = f"{world.settings.warehouse_secret}-empty"
    boto3.client("secretsmanager").create_secret(Name=secret)
    settings = replace(world.settings, warehouse_secret=secret)
    yield replace(world, settings=settings).with_warehouse(world.new_database())


def test_a_replay_of_an_old_day_changes_no_row(continued: World, fixture: Fixture):
    day = date.fromisoformat(json.loads(fixture.commits("ingestion")[0])["date"])
    rows = rows_to_compare(continued, "processed_commit")
    replaced_views = continued.query(_VIEWS)
    assert continued.launch("processing", "dim_staff", "fact_sales_order", day=day).success
    assert {run.stage for run in continued.run()} == {"storage"}
    last = continued.commits(continued.settings.processed_bucket)[-1]
    assert last["kind"] == "restatement"
    assert {number for number, _ in last["sources"]} >= set(range(1, LANDED + 1))
    assert rows_to_compare(continued, "processed_commit") == rows
    assert continued.query(_VIEWS) == replaced_views
