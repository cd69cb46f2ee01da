"""A source other than totesys goes through all three stages with its declarations alone."""

import json
from collections.abc import Iterator
from datetime import date, datetime, timezone
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from hedgehog_pipeline_tests.support.another_shop import OtherShop
from hedgehog_pipeline_tests.support.repository import REPOSITORY
from hedgehog_pipeline_tests.support.servers import Servers

_MODEL = "hedgehog_pipeline_tests.support.bicycles"
_DDL = (REPOSITORY / "hedgehog_pipeline_tests" / "support" / "bicycles" / "shop.sql").read_text()

_CHANGES = """
    update hire set to_hub = 3, ended = '2026-06-05 09:00+00', price = 7.5,
        altered = '2026-06-05 09:00+00' where hire_no = 5000000001;
    update type set label = 'Freight' where nr = 2;
    update log set note = 'New brakes, twice' where entry = 1;
    insert into hub (town, altered) values ('Selby', '2026-06-05 09:00+00');
    delete from hire where hire_no = 5000000002;
    delete from log where entry = 2
"""
_CHECKS = """
import json, warnings
from dagster import DagsterInstance
from hedgehog_pipeline.definitions import defs
keys = sorted(key.to_user_string() for key in defs.resolve_asset_graph().get_all_asset_keys())
with DagsterInstance.ephemeral() as instance:
    ended = [
        defs.resolve_job_def(job).execute_in_process(instance=instance)
        for job in ("checks", "reconcile")
    ]
evaluations = [e for run in ended for e in run.get_asset_check_evaluations()]
print(json.dumps([keys, {f"{e.asset_key.path[-1]}:{e.check_name}": e.passed for e in evaluations}]))
"""


@pytest.fixture(scope="module")
def hire(servers: Servers) -> Iterator[OtherShop]:
    """A deployment of the hire whose warehouse has changes and deletions."""
    with (
        TemporaryDirectory() as place,
        OtherShop.make(servers, _MODEL, _DDL, Path(place)) as deployment,
    ):
        loaded = deployment.hedgehog("run")
        assert loaded.returncode == 0, loaded.stderr
        deployment.shop.execute(_CHANGES.encode())
        deployment.upload("type", "label,nr\nUnicycle,3\nNone,3000000000\n")
        swept = deployment.hedgehog("run", "--sweep", "--allow-mass-delete")
        assert swept.returncode == 0, swept.stderr
        yield deployment


def test_a_fact_keeps_each_version_by_its_version_column(hire: OtherShop):
    def at(day: int, hour: int) -> datetime:
        return datetime(2026, 6, day, hour, tzinfo=timezone.utc)

    rows = "select hire_no, to_hub, hired, ended, price, altered from {} order by 1, altered"
    first = (5_000_000_000, 2, date(2026, 6, 1), date(2026, 6, 2), Decimal("4.125"), at(2, 8))
    begun = (5_000_000_001, None, date(2026, 6, 3), None, None, at(3, 8))
    ended = (5_000_000_001, 3, date(2026, 6, 3), date(2026, 6, 5), Decimal("7.500"), at(5, 9))
    deleted = (5_000_000_002, 2, date(2026, 6, 4), date(2026, 6, 4), Decimal("10.000"), at(4, 12))
    assert hire.query(rows.format("fact_hire")) == [first, begun, ended, deleted]
    assert hire.query(rows.format("fact_hire_current")) == [first, ended]


def test_a_fact_without_a_version_column_keeps_the_newest_version(hire: OtherShop):
    notes = "select entry, note from {} order by entry"
    kept = [(1, "New brakes, twice"), (2, "A bell")]
    assert hire.query(notes.format("fact_work")) == kept
    assert hire.query(notes.format("fact_work_current")) == kept[:1]


def test_a_joined_dimension_follows_a_parent_without_timestamps(hire: OtherShop):
    members = hire.query("select bicycle_id, state, label from dim_bicycle order by 1")
    assert members == [(7, "new", "Tandem"), (9, "worn", "Freight")]


def test_a_dimension_with_a_bigint_key_is_loaded(hire: OtherShop):
    hubs = hire.query("select hub_no, town, height, deleted, inferred from dim_hub order by 1")
    assert hubs == [
        (1, "Leeds", Decimal("63.500"), False, False),
        (2, "Hull", None, False, False),
        (3, "York", Decimal("-0.125"), False, False),
        (4, "Selby", None, False, False),
    ]


def test_a_date_dimension_of_one_table_has_its_days(hire: OtherShop):
    days = hire.query("select date_id, day_name, deleted, inferred from calendar order by 1")
    names = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday")
    assert days == [(date(2026, 6, n), day, False, False) for n, day in enumerate(names, start=1)]


def test_an_inbox_file_is_read_as_declared(hire: OtherShop):
    listed = hire.hedgehog("quarantine", "list").stdout
    assert "3000000000" in listed
    assert "a whole number of 32 bits" in listed
    assert listed.splitlines()[-1] == "1 open"


def test_source_and_warehouse_agree(hire: OtherShop):
    ended = hire.hedgehog("reconcile")
    assert ended.returncode == 0, ended.stderr
    results = {line.split()[0]: line.split()[-1] for line in ended.stdout.splitlines()}
    assert results == dict.fromkeys(["dim_bicycle", "dim_hub", "fact_hire", "fact_work"], "ok")


def test_reconcile_refuses_a_table_that_is_not_in_the_model(hire: OtherShop):
    ended = hire.hedgehog("reconcile", "fact_sales_order")
    assert ended.returncode == 2
    assert "is not one of dim_bicycle, dim_hub, fact_hire, fact_work" in ended.stderr


def test_the_platform_has_the_assets_and_checks_of_the_model(hire: OtherShop):
    ended = hire.python(_CHECKS)
    assert ended.returncode == 0, ended.stderr
    keys, checks = json.loads(ended.stdout.splitlines()[-1])
    star = ("calendar", "dim_bicycle", "dim_hub", "fact_hire", "fact_work")
    source = ("bicycle", "hire", "hub", "log", "type")
    layers = {"oltp": source, "star": star, "warehouse": star}
    assert keys == [f"{layer}/{table}" for layer, tables in layers.items() for table in tables]
    failed = [check for check, passed in checks.items() if not passed]
    assert failed == ["dim_bicycle:quarantine_empty"]
    assert {"fact_hire:references_present", "dim_hub:reconciled"} <= checks.keys()
