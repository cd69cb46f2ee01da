"""What an administrator sets for a role changes neither what is captured nor what is loaded."""

import psycopg
import pytest
from psycopg import sql

from hedgehog_pipeline.errors import HedgehogError
from hedgehog_pipeline.model.source import SOURCE
from hedgehog_pipeline.monitoring.quarantine import count_rows
from hedgehog_pipeline.monitoring.rules import faults_against, rules
from hedgehog_pipeline.postgres.connection import reason_of
from hedgehog_pipeline_tests.world import World

_SET = {
    "statement_timeout": "60s",
    "lock_timeout": "60s",
    "idle_in_transaction_session_timeout": "60s",
    "quote_all_identifiers": "on",
}

_SHOWN = sql.SQL("select {}").format(
    sql.SQL(", ").join(sql.SQL("current_setting({})").format(name) for name in _SET)
)


@pytest.fixture
def strict(world: World) -> World:
    """A shop and a warehouse whose roles have a minute for all they do, and quote all they can."""
    for role, database in (("reader", world.shop_database), ("writer", world.warehouse_database)):
        for setting, value in _SET.items():
            world.shop.execute(
                sql.SQL("alter role {} in database {} set {} = {}").format(
                    sql.Identifier(role),
                    sql.Identifier(database),
                    sql.Identifier(setting),
                    sql.Literal(value),
                )
            )
    return world


def test_a_shop_and_a_warehouse_of_roles_that_quote_everything_are_followed(strict: World) -> None:
    strict.load_small()
    strict.run()
    strict.change("update staff set last_name = 'Bishop', last_updated = now()")
    assert strict.query("select distinct last_name from dim_staff") == [("Bishop",)]
    with strict.deployment.warehouse() as warehouse:
        assert warehouse.migrate() == []


def test_no_timeout_of_a_role_ends_a_capture(strict: World) -> None:
    with strict.deployment.source.moment(list(SOURCE.values())) as moment:
        ((statement, _, _, quoted),) = moment.fetch(sql.Composed([_SHOWN]))
        assert (statement, quoted) == ("0", "off")


def test_no_timeout_of_a_role_ends_a_load_or_a_reconciliation(strict: World) -> None:
    with strict.deployment.warehouse() as warehouse:
        for transaction in (warehouse.snapshot, warehouse._loading):
            with transaction():
                assert warehouse.connection.execute(_SHOWN).fetchone() == ("0", "0", "0", "off")
        assert warehouse.connection.execute(_SHOWN).fetchone() == ("1min", "1min", "1min", "on")


def test_no_timeout_of_a_role_ends_a_check_or_a_look_into_the_quarantine(strict: World) -> None:
    strict.run()
    with strict.deployment.warehouse() as warehouse:
        warehouse.connection.execute(
            "create or replace view hedgehog.open_quarantine as "
            "select told.* from hedgehog.quarantine as told "
            "where (select 1 / (current_setting('statement_timeout') = '0')::integer) = 1"
        )
        with pytest.raises(psycopg.errors.DivisionByZero):
            warehouse.connection.execute("select from hedgehog.open_quarantine")
        assert count_rows(warehouse) == 0
        rule = next(rule for rule in rules() if rule.needs_quarantine)
        assert faults_against(warehouse.connection, rule).count == 0


def test_a_warehouse_that_takes_no_writes_says_what_to_set(opened: World) -> None:
    opened.shop.execute(
        sql.SQL("alter role writer in database {} set default_transaction_read_only = on").format(
            sql.Identifier(opened.warehouse_database)
        )
    )
    opened.shop.execute("update staff set last_name = 'Bishop', last_updated = now()")
    with pytest.raises(HedgehogError) as refused:
        opened.run()
    assert "set default_transaction_read_only of the role off" in str(refused.value)
    assert "is loaded again by the next run" in str(refused.value)


def test_a_statement_that_was_cancelled_says_what_may_have_done_it(world: World) -> None:
    session = world.connect()
    session.execute("set statement_timeout = 1")
    with pytest.raises(psycopg.errors.QueryCanceled) as cancelled:
        session.execute("select pg_sleep(9)")
    session.close()
    assert "statement_timeout of the role" in reason_of(cancelled.value)
