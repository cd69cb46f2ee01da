"""Live trade changes what the application of the shop would change."""

import time
from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta

import psycopg
import pytest

from hedgehog_pipeline.sandbox.trade import trade, utc_now
from hedgehog_pipeline.sandbox.trader import Trader

NOON = datetime(2026, 11, 20, 12)  # noqa: DTZ001  the shop's timestamps have no time zone


@pytest.fixture(scope="module")
def done(shop: str) -> Counter[str]:
    """Do 300 operations, all at noon on the application's clock; return their counts."""
    with psycopg.connect(shop, autocommit=True) as connection:
        trader = Trader(connection, seed=3, clock=lambda: NOON)
        for _ in range(300):
            trader.act()
    return trader.done


@pytest.fixture
def connection(shop: str, done: Counter[str]) -> Iterator[psycopg.Connection]:
    assert done
    with psycopg.connect(shop) as connection:
        yield connection


def count(connection: psycopg.Connection, query: str) -> int:
    (number,) = connection.execute(query.encode(), {"noon": NOON}).fetchone() or (0,)
    return number


def test_each_kind_of_operation_is_done(done: Counter[str]) -> None:
    assert set(done) == {
        "sales orders placed",
        "purchase orders placed",
        "orders rolled back",
        "orders changed",
        "payments paid",
        "designs added",
        "staff added",
        "counterparties added",
        "addresses changed",
        "departments changed",
        "staff moved",
    }
    assert min(done.values()) > 0


def test_each_new_order_has_a_transaction_and_a_payment(
    connection: psycopg.Connection, done: Counter[str]
) -> None:
    placed = done["sales orders placed"] + done["purchase orders placed"]
    new_orders = """
        SELECT (SELECT count(*) FROM sales_order) + (SELECT count(*) FROM purchase_order) - 3000
    """
    assert count(connection, new_orders) == placed
    assert count(connection, "SELECT count(*) - 3000 FROM transaction") == placed
    assert count(connection, "SELECT count(*) - 3000 FROM payment") == placed


def test_some_orders_are_written_in_a_savepoint(connection: psycopg.Connection) -> None:
    several = """
        SELECT count(*) FROM (
            SELECT FROM sales_order GROUP BY created_at HAVING count(DISTINCT xmin::text) > 1
        ) AS business_transaction
    """
    assert count(connection, several) > 0


def test_a_changed_order_keeps_its_id_and_created_at(
    connection: psycopg.Connection,
) -> None:
    changed = """
        SELECT count(*) FROM sales_order
        WHERE last_updated = %(noon)s AND created_at < '2026-11-20 10:30'
    """
    assert count(connection, changed) > 0


def test_many_payments_are_paid_in_one_statement(
    connection: psycopg.Connection, done: Counter[str]
) -> None:
    together = """
        SELECT max(size) FROM (
            SELECT count(*) AS size FROM payment
            WHERE paid AND last_updated = %(noon)s GROUP BY xmin::text
        ) AS statement
    """
    assert 1 < count(connection, together) <= 37
    assert done["payments paid"] == count(
        connection, "SELECT count(*) FROM payment WHERE paid AND last_updated = %(noon)s"
    )


def test_the_same_seed_does_the_same_operations(shop: str) -> None:
    def trader(connection: psycopg.Connection) -> Counter[str]:
        trader = Trader(connection, seed=5, clock=lambda: NOON)
        for _ in range(20):
            trader.act()
        del trader.done["payments paid"]  # how many there are depends on what is unpaid
        return trader.done

    with psycopg.connect(shop, autocommit=True) as connection:
        assert trader(connection) == trader(connection)


def test_trade_ends_in_time(shop: str) -> None:
    start = time.monotonic()
    trade(shop, seconds=0.5, per_second=8)
    assert 0.3 < time.monotonic() - start < 2


def test_timestamps_are_in_utc(shop: str) -> None:
    trade(shop, seconds=0.5, per_second=40)
    with psycopg.connect(shop) as connection:
        (newest,) = connection.execute("SELECT max(last_updated) FROM payment").fetchone() or (
            NOON,
        )
    assert abs(utc_now() - newest) < timedelta(minutes=1)
