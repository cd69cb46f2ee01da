"""What an administrator sets for a role changes neither what is captured nor what is loaded."""

import psycopg
import pytest
from psycopg import sql

from hedgehog_pipeline.databases import reason_of
from hedgehog_pipeline.schema.shop import SHOP
from hedgehog_pipeline_tests.world import World

_SHOWN = sql.SQL(
    "select current_setting('statement_timeout'), current_setting('quote_all_identifiers')"
)


@pytest.fixture
def strict(world: World) -> World:
    """A shop and a warehouse whose roles may ask for a minute, and quote all that they can."""
    for role, database in (("reader", world.shop_database), ("writer", world.warehouse_database)):
        for setting, value in (("statement_timeout", "60s"), ("quote_all_identifiers", "on")):
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
    with strict.surroundings.warehouse() as warehouse:
        assert warehouse.migrate() == []


def test_no_timeout_of_a_role_ends_a_capture(strict: World) -> None:
    with strict.surroundings.source.moment(list(SHOP.values())) as moment:
        assert moment.fetch(sql.Composed([_SHOWN])) == [("0", "off")]


def test_no_timeout_of_a_role_ends_a_load_or_a_reconciliation(strict: World) -> None:
    with strict.surroundings.warehouse() as warehouse:
        for transaction in (warehouse.snapshot, warehouse._loading):
            with transaction():
                assert warehouse.connection.execute(_SHOWN).fetchone() == ("0", "off")
        assert warehouse.connection.execute(_SHOWN).fetchone() == ("1min", "on")


def test_a_statement_that_was_cancelled_says_what_may_have_done_it(world: World) -> None:
    session = world.connect()
    session.execute("set statement_timeout = 1")
    with pytest.raises(psycopg.errors.QueryCanceled) as cancelled:
        session.execute("select pg_sleep(9)")
    session.close()
    assert "statement_timeout of the role" in reason_of(cancelled.value)
