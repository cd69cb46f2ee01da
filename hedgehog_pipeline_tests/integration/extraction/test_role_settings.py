"""The settings of a role change neither what is captured nor what is loaded."""

import psycopg
import pytest
from psycopg import sql

from hedgehog_pipeline.errors import HedgehogError
from hedgehog_pipeline.monitoring.quarantine import count_rows
from hedgehog_pipeline.monitoring.rules import find_violations, rules_of
from hedgehog_pipeline.postgres.connection import reason_of
from hedgehog_pipeline_tests.support.demo_model import SOURCE, STAR
from hedgehog_pipeline_tests.support.landed import landed
from hedgehog_pipeline_tests.support.world import World

_SET = {
    "statement_timeout": "60s",
    "lock_timeout": "60s",
    "idle_in_transaction_session_timeout": "60s",
    "quote_all_identifiers": "on",
}

_OTHER_TEXTS = {"extra_float_digits": "-15", "bytea_output": "escape", "intervalstyle": "iso_8601"}
"""Settings that change how PostgreSQL writes a value."""

_SHOWN = sql.SQL("select {}").format(
    sql.SQL(", ").join(sql.SQL("current_setting({})").format(name) for name in _SET)
)


@pytest.fixture
def strict(world: World) -> World:
    """A shop and a warehouse whose roles have settings that could end or change what is read."""
    for role, database in (("reader", world.shop_database), ("writer", world.warehouse_database)):
        for setting, value in (_SET | _OTHER_TEXTS).items():
            world.shop.execute(
                sql.SQL("alter role {} in database {} set {} = {}").format(
                    sql.Identifier(role),
                    sql.Identifier(database),
                    sql.Identifier(setting),
                    sql.Literal(value),
                )
            )
    return world


def test_roles_that_quote_all_identifiers_can_capture_and_load(strict: World) -> None:
    strict.load_small()
    strict.run()
    strict.change("update staff set last_name = 'Bishop', last_updated = now()")
    assert strict.query("select distinct last_name from dim_staff") == [("Bishop",)]
    with strict.deployment.warehouse() as warehouse:
        assert warehouse.migrate() == []


def test_a_value_lands_with_the_same_text_whatever_the_settings_of_the_role(strict: World) -> None:
    strict.shop.execute("alter table design add third double precision default 1.0 / 3")
    strict.shop.execute(r"alter table design add seal bytea default '\x00ff'")
    strict.shop.execute("alter table design add lead interval default '1 day 02:00:00'")
    strict.load_small()
    strict.run()
    designs = {row[-3:] for row in landed(strict) if row[0] == "design"}
    assert designs == {("0.3333333333333333", r"\x00ff", "1 day 02:00:00")}


def test_no_timeout_of_a_role_ends_a_capture(strict: World) -> None:
    with strict.deployment.source.open_snapshot(list(SOURCE.values())) as snapshot:
        ((statement, _, _, quoted),) = snapshot.fetch(sql.Composed([_SHOWN]))
        assert (statement, quoted) == ("0", "off")


def test_no_timeout_of_a_role_ends_a_load_or_a_reconciliation(strict: World) -> None:
    with strict.deployment.warehouse() as warehouse:
        for transaction in (warehouse.snapshot, warehouse._loading):
            with transaction():
                assert warehouse.connection.execute(_SHOWN).fetchone() == ("0", "0", "0", "off")
        assert warehouse.connection.execute(_SHOWN).fetchone() == ("1min", "1min", "1min", "on")


def test_no_timeout_of_a_role_ends_a_check_or_a_quarantine_query(strict: World) -> None:
    strict.run()
    with strict.deployment.warehouse() as warehouse:
        warehouse.connection.execute(
            "create or replace view hedgehog.open_quarantine as "
            "select entry.* from hedgehog.quarantine as entry "
            "where (select 1 / (current_setting('statement_timeout') = '0')::integer) = 1"
        )
        with pytest.raises(psycopg.errors.DivisionByZero):
            warehouse.connection.execute("select from hedgehog.open_quarantine")
        assert count_rows(warehouse) == 0
        rule = next(rule for rule in rules_of(STAR) if rule.needs_quarantine)
        assert find_violations(warehouse.connection, rule).count == 0


def test_a_read_only_warehouse_role_is_reported_with_the_setting(opened: World) -> None:
    opened.shop.execute(
        sql.SQL("alter role writer in database {} set default_transaction_read_only = on").format(
            sql.Identifier(opened.warehouse_database)
        )
    )
    opened.shop.execute("update staff set last_name = 'Bishop', last_updated = now()")
    with pytest.raises(HedgehogError) as error:
        opened.run()
    assert "set the role's default_transaction_read_only to off" in str(error.value)
    assert "The next run loads again what was not committed" in str(error.value)


def test_a_cancelled_statement_is_reported_with_its_possible_cause(world: World) -> None:
    session = world.connect()
    session.execute("set statement_timeout = 1")
    with pytest.raises(psycopg.errors.QueryCanceled) as cancelled:
        session.execute("select pg_sleep(9)")
    session.close()
    assert "statement_timeout of the role" in reason_of(cancelled.value)
