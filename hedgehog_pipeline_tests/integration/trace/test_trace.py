"""`hedgehog trace` leads from a warehouse row to the objects that it came from."""

import csv
import io
import json
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timezone
from typing import Any

import psycopg
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner

from hedgehog_pipeline.cli import hedgehog
from hedgehog_pipeline.errors import HedgehogError
from hedgehog_pipeline.model.columns import TEXT, Column
from hedgehog_pipeline.processing.transform import Transform
from hedgehog_pipeline_tests.support.demo_model import SOURCE, STAR, TRANSFORMS, redeclare
from hedgehog_pipeline_tests.support.inbox_files import CURRENCIES, currency, put
from hedgehog_pipeline_tests.support.servers import Servers
from hedgehog_pipeline_tests.support.shops import NOW
from hedgehog_pipeline_tests.support.world import World


@pytest.fixture(scope="module")
def traded(servers: Servers) -> Iterator[World]:
    """A read-only world: the first order changed, the department moved, a payment is invalid."""
    with World.make(servers) as world:
        world.load_small()
        world.change("insert into currency values (3, 'EUR', 'now', 'now')")
        world.change("update sales_order set units_sold = 1600, last_updated = '2026-06-02'")
        world.change("update department set location = 'Leeds', last_updated = '2026-06-03'")
        world.change("update payment set payment_date = 'soon' where payment_id = 2")
        world.change("alter table sales_order drop constraint sales_order_staff_id_fkey")
        world.change(
            "insert into sales_order select 2, created_at, last_updated, 1, 7, 1, 5, 2.5, 1, "
            "'2027-01-31', '2026-06-05', 1 from sales_order",
        )
        put(world, "inbox/currency/swiss.csv", CURRENCIES, currency(8, "SEK"), currency(9, "CHF"))
        world.run()
        yield world


def _run_trace(world: World, *arguments: str) -> str:
    """Run `hedgehog trace`; return what it prints."""
    command = ["trace", *arguments]
    result = CliRunner(env=world.environment).invoke(hedgehog, command, catch_exceptions=False)
    return result.stdout


def _traced(world: World, table: str, key: object) -> dict[str, Any]:
    return json.loads(_run_trace(world, table, str(key), "--json"))


def _landed(world: World, landing: dict[str, Any]) -> dict[str, str]:
    """Read the row that a trace points to, with another CSV reader."""
    body = _object(world, landing["part"]).decode()
    return list(csv.DictReader(io.StringIO(body, newline="")))[landing["line"] - 1]


def _object(world: World, address: str) -> bytes:
    bucket, _, key = address.removeprefix("s3://").partition("/")
    return world.s3.get_object(Bucket=bucket, Key=key)["Body"].read()


def test_every_version_of_a_fact_leads_to_its_csv_row_and_its_parquet(traded: World):
    found = _traced(traded, "fact_sales_order", 1)
    assert [version["row"]["units_sold"] for version in found["versions"]] == [1500, 1600]
    assert [version["current"] for version in found["versions"]] == [False, True]
    for version in found["versions"]:
        (landing,) = version["landings"]
        row = _landed(traded, landing)
        assert row == landing["row"]
        assert row["sales_order_id"] == "1"
        assert int(row["units_sold"]) == version["row"]["units_sold"]
        transformed = pq.read_table(io.BytesIO(_object(traded, version["shaping"]["part"])))
        rows = transformed.filter(pc.field("sales_order_id") == 1).to_pylist()
        assert [row["units_sold"] for row in rows] == [version["row"]["units_sold"]]
        assert landing["commit"] == version["ingestion_commit"]
        assert version["shaping"]["commit"] == version["processed_commit"]


def test_the_times_of_the_stages_are_in_order(traded: World):
    began = datetime.now(timezone.utc)
    traded.shop.execute("update sales_order set units_sold = 1 where sales_order_id = 2")
    traded.run()
    *_, newest = _traced(traded, "fact_sales_order", 2)["versions"]
    timestamps = [
        newest["landings"][0]["captured_at"],
        newest["shaping"]["processed_at"],
        newest["loaded_at"],
    ]
    times = [began, *map(_parse_time, timestamps), datetime.now(timezone.utc)]
    assert times == sorted(times)


def _parse_time(text: str) -> datetime:
    """Parse a timestamp; Python 3.10 does not accept `Z`."""
    return datetime.fromisoformat(text.replace("Z", "+00:00"))


def test_the_line_number_is_right_in_a_part_of_many_rows(traded: World):
    (version,) = _traced(traded, "fact_payment", 1)["versions"]
    first = version["landings"][0]
    (version,) = _traced(traded, "fact_payment", 2)["versions"]
    second = version["landings"][0]
    assert first["part"] == second["part"]
    assert (first["line"], second["line"]) == (1, 2)
    assert _landed(traded, second)["payment_amount"] == "134075.69"


def test_a_joined_dimension_leads_to_its_own_row_and_to_its_parents(traded: World):
    (version,) = _traced(traded, "dim_staff", 1)["versions"]
    staff, department = version["landings"]
    assert (staff["table"], department["table"]) == ("staff", "department")
    assert _landed(traded, staff)["first_name"] == version["row"]["first_name"] == "Jeremie"
    assert _landed(traded, department)["location"] == version["row"]["location"] == "Leeds"
    assert staff["commit"] < department["commit"] == version["ingestion_commit"]


def test_a_day_leads_to_the_first_row_that_mentions_it(traded: World):
    (version,) = _traced(traded, "dim_date", "2027-01-31")["versions"]
    (landing,) = version["landings"]
    row = _landed(traded, landing)
    assert (landing["key"], row["agreed_delivery_date"]) == ("2", "2027-01-31")
    assert version["shaping"]["part"]


def test_a_row_from_an_inbox_file_names_the_file(traded: World):
    (version,) = _traced(traded, "dim_currency", 9)["versions"]
    (landing,) = version["landings"]
    assert (landing["kind"], landing["file"]) == ("inbox", "inbox/currency/swiss.csv")
    assert _landed(traded, landing)["currency_code"] == "CHF"


def test_a_trace_includes_the_quarantine_entries_of_the_key(traded: World):
    found = _traced(traded, "fact_payment", 2)
    (entry,) = found["quarantine"]
    assert (entry["column"], entry["value"], entry["open"]) == ("payment_date", "soon", True)
    assert _landed(traded, {**entry, "part": _address(traded, entry["part"])})["payment_id"] == "2"
    assert _traced(traded, "fact_payment", 1)["quarantine"] == []


def _address(world: World, key: str) -> str:
    return f"s3://{world.settings.ingestion_bucket}/{key}"


def test_an_inferred_member_shows_when_it_was_inferred(traded: World):
    (version,) = _traced(traded, "dim_staff", 7)["versions"]
    assert version["inferred_since"]
    assert (version["landings"], version["shaping"]) == ([], None)
    assert "inferred: a fact refers to it" in _run_trace(traded, "dim_staff", "7")


def test_the_text_shows_the_newest_version_last_and_what_changed(traded: World):
    lines = _run_trace(traded, "fact_sales_order", "1").splitlines()
    assert lines[0] == "fact_sales_order 1: 2 versions"
    assert [line for line in lines if line.startswith("version")] == [
        "version 1 of 2, not current",
        "version 2 of 2, current",
    ]
    assert [line.split()[0] for line in lines if re.match(r"  \w", line)] == [
        "captured",
        "processed",
        "loaded",
    ] * 2
    assert "    units_sold = 1500" in lines
    assert "    units_sold = 1600, was 1500" in lines
    assert sum("design_id" in line for line in lines) == 1
    captured = next(line for line in lines if line.startswith("  captured"))
    assert captured.endswith("UTC  commit 1, archive: sales_order 1")


@pytest.mark.parametrize(
    ("table", "key", "message"),
    [
        (
            "fact_sales_order",
            "99",
            "Searched: fact_sales_order, hedgehog.tombstones, hedgehog.quarantine.",
        ),
        ("dim_date", "1999-01-01", "Searched: dim_date. Every landed commit is loaded"),
        ("dim_date", "42", "'42' is not a key of dim_date: give a day"),
        ("dim_staff", "Jeremie", "'Jeremie' is not a key of dim_staff: give an integer"),
        ("dim_staff", "99999999999", "is not in the warehouse"),
        ("dim_staff", "-1234567890123456789", "is not in the warehouse"),
        ("dim_staff", "9223372036854775808", "is not a key of dim_staff: give an integer"),
    ],
)
def test_a_key_that_is_missing_or_invalid_is_an_error(
    traded: World, table: str, key: str, message: str
):
    with pytest.raises(HedgehogError, match=re.escape(message)):
        _run_trace(traded, table, key)


def test_an_empty_warehouse_is_an_error_that_names_the_command_to_run(world: World):
    with pytest.raises(HedgehogError, match="hedgehog run"):
        _run_trace(world, "dim_staff", "1")


def test_a_missing_key_is_reported_with_the_number_of_pending_commits(opened: World):
    opened.shop.execute(f"insert into staff select 2, 'Ada', 'Byron', 1, 'a@x', {NOW}".encode())
    opened.launch("extraction")
    message = "1 landed commits are not loaded yet and were not searched"
    with pytest.raises(HedgehogError, match=message):
        _run_trace(opened, "dim_staff", "2")
    opened.run()
    assert _traced(opened, "dim_staff", 2)["waiting"] == 0


def test_deleted_rows_lead_to_the_commit_that_detected_the_deletion(opened: World):
    for table in ("payment", "transaction", "sales_order"):
        opened.shop.execute(f"delete from {table} where {table}_id = 1".encode())
    opened.detect_deletes()

    order = _traced(opened, "fact_sales_order", 1)
    assert [version["current"] for version in order["versions"]] == [False]
    (deletion,) = order["deletions"]
    assert (deletion["kind"], deletion["commit"]) == ("sweep", 2)
    assert _landed(opened, deletion) == {"sales_order_id": "1"}

    member = _traced(opened, "dim_transaction", 1)
    (version,) = member["versions"]
    assert (version["deleted"], version["current"]) == (True, False)
    assert [landing["commit"] for landing in version["landings"]] == [1]
    assert [_landed(opened, each) for each in member["deletions"]] == [{"transaction_id": "1"}]
    assert "deleted in the source" in _run_trace(opened, "dim_transaction", "1")


def test_a_deleted_member_of_a_joined_dimension_keeps_its_rows(world: World):
    world.load_small()
    world.shop.execute(f"insert into staff select 2, 'Ada', 'Byron', 1, 'a@x', {NOW}".encode())
    world.run()
    world.shop.execute("delete from staff where staff_id = 2")
    world.detect_deletes()
    world.change("update department set location = 'Leeds', last_updated = '2026-06-03'")
    found = _traced(world, "dim_staff", 2)
    (version,) = found["versions"]
    assert [(landing["table"], landing["commit"]) for landing in version["landings"]] == [
        ("staff", 1),
        ("department", 3),
    ]
    assert [deletion["commit"] for deletion in found["deletions"]] == [2]


def test_a_version_that_was_restated_names_the_restatement(opened: World):
    opened.launch("processing")
    opened.run()
    (version,) = _traced(opened, "fact_sales_order", 1)["versions"]
    assert (version["shaping"]["commit"], version["shaping"]["kind"]) == (2, "restatement")
    assert version["loaded_at"]
    opened.launch("processing", "fact_sales_order")
    opened.launch("storage", "fact_sales_order")
    assert "by a load of selected tables" in _run_trace(opened, "fact_sales_order", "1")


def test_a_value_changed_by_hand_is_shown_next_to_csv_and_parquet(opened: World):
    assert "values differ in" not in _run_trace(opened, "fact_sales_order", "1")
    _in_warehouse(opened, "update fact_sales_order set units_sold = 7 where sales_order_id = 1")
    text = _run_trace(opened, "fact_sales_order", "1")
    assert "  values differ in units_sold: 1500 in CSV, 1500 in Parquet, 7 in warehouse" in text
    (version,) = _traced(opened, "fact_sales_order", 1)["versions"]
    (found,) = version["disagreements"]
    assert found["values"] == {"CSV": 1500, "Parquet": 1500, "warehouse": 7}


def test_a_member_of_a_joined_dimension_is_compared_with_its_csv(opened: World):
    _in_warehouse(opened, "update dim_staff set location = 'Ur' where staff_id = 1")
    (version,) = _traced(opened, "dim_staff", 1)["versions"]
    assert [found["column"] for found in version["disagreements"]] == ["location"]


def test_parquet_that_differs_from_its_csv_is_reported(
    opened: World, monkeypatch: pytest.MonkeyPatch
):
    (version,) = _traced(opened, "dim_design", 1)["versions"]
    with monkeypatch.context() as fault:
        renamed = replace(
            TRANSFORMS["dim_design"], function=lambda rows: rows.assign(design_name="Other")
        )
        fault.setitem(TRANSFORMS, "dim_design", renamed)
        opened.launch("processing", "dim_design")
        opened.launch("storage", "dim_design")
    (found,) = _traced(opened, "dim_design", 1)["versions"][0]["disagreements"]
    values = {"CSV": version["row"]["design_name"], "Parquet": "Other", "warehouse": "Other"}
    assert (found["column"], found["values"]) == ("design_name", values)


def test_deleted_and_inferred_rows_have_no_disagreements(traded: World, opened: World):
    opened.shop.execute(b"delete from payment; delete from transaction")
    opened.detect_deletes()
    for world, table, key in ((opened, "dim_transaction", 1), (traded, "dim_staff", 7)):
        (version,) = _traced(world, table, key)["versions"]
        assert version["disagreements"] == []


def test_a_value_that_migrate_gave_to_older_rows_is_no_disagreement(
    opened: World, monkeypatch: pytest.MonkeyPatch
):
    star, source = STAR["fact_sales_order"], SOURCE["sales_order"]
    price = Column("price", TEXT, "Price.", nullable=True, sources=("sales_order.unit_price",))
    columns = [replace(c, type=TEXT) if c.name == "units_sold" else c for c in star.columns]
    redeclare(monkeypatch, replace(star, columns=(*columns, price)))
    columns = [replace(c, type=TEXT) if c.name == "units_sold" else c for c in source.columns]
    redeclare(monkeypatch, replace(source, columns=tuple(columns)))
    transform = TRANSFORMS[star.name].function
    monkeypatch.setitem(
        TRANSFORMS,
        star.name,
        Transform(STAR[star.name], lambda rows: transform(rows).assign(price=rows["units_sold"])),
    )
    assert _traced(opened, star.name, 1)["versions"][0]["disagreements"] == []  # not migrated yet
    with opened.deployment.warehouse() as warehouse:
        assert len(warehouse.migrate()) == 3
    (version,) = _traced(opened, star.name, 1)["versions"]
    assert (version["row"]["units_sold"], version["row"]["price"]) == ("1500", None)
    assert version["disagreements"] == []
    _in_warehouse(opened, "update fact_sales_order set unit_price = 7 where sales_order_id = 1")
    (version,) = _traced(opened, star.name, 1)["versions"]
    assert [found["column"] for found in version["disagreements"]] == ["unit_price"]


def test_a_column_name_with_a_newline_is_escaped(opened: World):
    opened.shop.execute(b"alter table staff add column \"no\nline\x1b\" text default 'x'")
    opened.change("update staff set last_name = 'Bishop', last_updated = now()")
    (version,) = _traced(opened, "dim_staff", 1)["versions"]
    assert version["landings"][0]["row"]["no\nline\x1b"] == "x"
    opened.change("update staff set created_at = 'infinity', last_updated = now()")
    show = ["quarantine", "show", "staff", "1"]
    result = CliRunner(env=opened.environment).invoke(hedgehog, show, catch_exceptions=False)
    assert r'    no\nline\x1b = "x"' in result.stdout.splitlines()


def test_control_characters_of_the_source_are_escaped_in_the_terminal(opened: World):
    opened.shop.execute("update payment set payment_date = %s", ["\x1b]0;x\x07\x9b2J"])
    opened.run()
    for command in (
        ["trace", "fact_payment", "1"],
        ["quarantine", "list"],
        ["quarantine", "show", "payment", "1"],
    ):
        result = CliRunner(env=opened.environment).invoke(hedgehog, command, catch_exceptions=False)
        assert result.stdout.replace("\n", "").isprintable()
    assert r'payment_date = "\u001b]0;x\u0007\x9b2J"' in result.stdout


def test_an_altered_part_is_an_error(opened: World):
    (version,) = _traced(opened, "dim_staff", 1)["versions"]
    bucket, _, key = version["shaping"]["part"].removeprefix("s3://").partition("/")
    body = _object(opened, version["shaping"]["part"])
    opened.s3.put_object(Bucket=bucket, Key=key, Body=body[:4] + bytes(4) + body[8:])
    with pytest.raises(HedgehogError, match=f"{key} .* was altered: its SHA-256"):
        _run_trace(opened, "dim_staff", "1")


def test_a_row_written_by_hand_is_reported(opened: World):
    _in_warehouse(opened, "update fact_payment set payment_id = 55 where payment_id = 1")
    assert "Hedgehog did not write this" in _run_trace(opened, "fact_payment", "55")


def _in_warehouse(world: World, statement: str) -> None:
    with psycopg.connect(world.servers.postgres.dsn(world.warehouse_database)) as warehouse:
        warehouse.execute(statement.encode())
