"""The checks pass on a valid warehouse, and each fails on one that was broken by hand."""

import re
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from dagster import AssetCheckEvaluation, AssetCheckSeverity, DagsterInstance
from psycopg import sql

from hedgehog_pipeline.definitions import platform
from hedgehog_pipeline.model.tables import Dimension, Fact
from hedgehog_pipeline_tests.support.demo_model import STAR
from hedgehog_pipeline_tests.support.world import World

_Verdicts = dict[tuple[str, str], AssetCheckEvaluation]

_AGED = "update dim_design set inferred = true, inferred_since = now() - interval '{} minutes'"


@pytest.fixture
def warehouse(opened: World) -> Iterator[psycopg.Connection[Any]]:
    """A connection that changes the warehouse by hand."""
    dsn = opened.servers.postgres.dsn(opened.warehouse_database)
    with psycopg.connect(dsn, autocommit=True) as connection:
        yield connection


def test_a_valid_warehouse_passes_every_check(opened: World) -> None:
    verdicts = _check(opened)
    assert set(verdicts) == {
        *((table, name) for table in STAR for name in ("identity_unique", "columns_not_null")),
        *((t.name, "references_present") for t in STAR.values() if isinstance(t, Fact)),
        *((t.name, "no_old_inferred_member") for t in STAR.values() if isinstance(t, Dimension)),
        *((t.name, "quarantine_empty") for t in STAR.values() if t.name != "dim_date"),
    }
    assert _failed(verdicts) == []
    assert {verdict.metadata["count"].value for verdict in verdicts.values()} == {0}


@pytest.mark.parametrize(
    ("table", "example"),
    [("dim_design", r"\d+"), ("fact_sales_order", r"\d+ \d{4}-\d\d-\d\d \d\d:\d\d:\d\d.*")],
)
def test_a_duplicate_identity_is_found(
    opened: World, warehouse: psycopg.Connection[Any], table: str, example: str
) -> None:
    _drop_constraints(warehouse, table)
    warehouse.execute(_double(table))
    verdicts = _check(opened)
    assert _failed(verdicts) == [(table, "identity_unique")]
    verdict = verdicts[table, "identity_unique"]
    assert verdict.severity is AssetCheckSeverity.ERROR
    _expect(verdict, 1, example, "add")


def test_a_null_in_a_not_null_column_is_found(
    opened: World, warehouse: psycopg.Connection[Any]
) -> None:
    for column in ("units_sold", "unit_price"):
        name = sql.Identifier(column)
        warehouse.execute(
            sql.SQL("alter table fact_sales_order alter {} drop not null").format(name)
        )
        warehouse.execute(sql.SQL("update fact_sales_order set {} = null").format(name))
    verdicts = _check(opened)
    assert _failed(verdicts) == [("fact_sales_order", "columns_not_null")]
    verdict = verdicts["fact_sales_order", "columns_not_null"]
    assert verdict.severity is AssetCheckSeverity.ERROR
    _expect(verdict, 1, r"\d+ .* lacks units_sold, unit_price", "materialize")


def test_a_reference_to_a_missing_member_is_found(
    opened: World, warehouse: psycopg.Connection[Any]
) -> None:
    _drop_constraints(warehouse, "dim_design")
    warehouse.execute("delete from dim_design")
    verdicts = _check(opened)
    assert _failed(verdicts) == [("fact_sales_order", "references_present")]
    verdict = verdicts["fact_sales_order", "references_present"]
    assert verdict.severity is AssetCheckSeverity.ERROR
    _expect(verdict, 1, r"\d+ has no dim_design for design_id \d+", "materialize the dimension")


def test_an_inferred_member_is_a_warning_after_an_hour(
    opened: World, warehouse: psycopg.Connection[Any]
) -> None:
    warehouse.execute(_AGED.format(59).encode())
    assert _failed(_check(opened)) == []
    warehouse.execute(_AGED.format(61).encode())
    verdicts = _check(opened)
    assert _failed(verdicts) == [("dim_design", "no_old_inferred_member")]
    verdict = verdicts["dim_design", "no_old_inferred_member"]
    assert verdict.severity is AssetCheckSeverity.WARN
    _expect(verdict, 1, r"\d+", "hedgehog status")


@pytest.mark.parametrize(
    ("table", "failed"),
    [
        ("address", ["dim_counterparty", "dim_location"]),
        ("department", ["dim_staff"]),
        ("payment", ["fact_payment"]),
    ],
)
def test_a_quarantined_row_is_a_warning_of_each_table_that_it_feeds(
    opened: World, table: str, failed: list[str]
) -> None:
    opened.shop.execute(f"update {table} set created_at = 'infinity'".encode())
    opened.run()
    rows = opened.shop.execute(f"select from {table}".encode()).rowcount
    verdicts = _check(opened)
    assert _failed(verdicts) == [(name, "quarantine_empty") for name in failed]
    for name in failed:
        verdict = verdicts[name, "quarantine_empty"]
        assert verdict.severity is AssetCheckSeverity.WARN
        _expect(verdict, rows, rf"{table} \d created_at is not a moment.*", "quarantine show")


def test_at_most_five_examples_are_given(opened: World, warehouse: psycopg.Connection[Any]) -> None:
    _drop_constraints(warehouse, "dim_currency")
    warehouse.execute(
        "insert into dim_currency select 100 + n, 'XXX', 'None', 1, false, 1 + copy, false, null "
        "from generate_series(1, 7) as n, generate_series(1, 2) as copy"
    )
    verdict = _check(opened)["dim_currency", "identity_unique"]
    assert verdict.metadata["count"].value == 7
    assert verdict.metadata["examples"].value == ["101", "102", "103", "104", "105"]


def test_a_missing_table_fails_its_checks(
    opened: World, warehouse: psycopg.Connection[Any]
) -> None:
    warehouse.execute("drop table fact_payment cascade")
    assert {table for table, _ in _failed(_check(opened))} == {"fact_payment"}


def test_a_warehouse_without_tables_passes(world: World) -> None:
    verdicts = _check(world)
    assert _failed(verdicts) == []
    assert {verdict.description for verdict in verdicts.values()} == {
        "Not checked: nothing is loaded yet."
    }


def test_references_are_not_checked_during_the_initial_load(world: World) -> None:
    with world.deployment.warehouse() as warehouse:
        warehouse.prepare()
        warehouse.connection.execute(
            "insert into fact_payment select 1, 1, d, t, d, t, 1, 1, 1.10, 1, 1, true, d, 1, 1 "
            "from (values (date '2026-06-01', time '09:00')) as stamp(d, t)"
        )
    verdicts = _check(world)
    assert _failed(verdicts) == []
    assert "initial load" in str(verdicts["fact_payment", "references_present"].description)


def _check(world: World) -> _Verdicts:
    """Run the job `checks`; return its verdicts."""
    with DagsterInstance.ephemeral() as instance:
        job = platform(world.settings).resolve_job_def("checks")
        result = job.execute_in_process(
            instance=instance,
            run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
        )
    return {(e.asset_key.path[-1], e.check_name): e for e in result.get_asset_check_evaluations()}


def _failed(verdicts: _Verdicts) -> list[tuple[str, str]]:
    return sorted(key for key, verdict in verdicts.items() if not verdict.passed)


def _expect(verdict: AssetCheckEvaluation, count: int, example: str, advice: str) -> None:
    assert verdict.metadata["count"].value == count
    examples = verdict.metadata["examples"].value
    assert isinstance(examples, list)
    assert len(examples) == count
    assert all(re.fullmatch(example, text) for text in examples), examples
    assert advice in str(verdict.description)


def _drop_constraints(connection: psycopg.Connection[Any], table: str) -> None:
    found = (
        "select conname from pg_constraint "
        "where conrelid = to_regclass(%s) and contype in ('p', 'u', 'f')"
    )
    for (name,) in connection.execute(found, [table]).fetchall():
        connection.execute(
            sql.SQL("alter table {} drop constraint {} cascade").format(
                sql.Identifier(table), sql.Identifier(name)
            )
        )


def _double(table: str) -> sql.Composed:
    return sql.SQL("insert into {name} select * from {name}").format(name=sql.Identifier(table))
