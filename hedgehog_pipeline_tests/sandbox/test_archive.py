"""The archive is believable, obeys its own schema and is the same each time."""

from collections.abc import Iterator
from datetime import time, timedelta

import psycopg
import pytest
from psycopg import sql

from hedgehog_pipeline.sandbox.archive import Archive
from hedgehog_pipeline.sandbox.shop import TABLES, open_shop
from hedgehog_pipeline_tests.sandbox.conftest import UNTIL

FOREIGN_KEYS = """
    SELECT child.relname, child_column.attname, parent.relname, parent_column.attname
    FROM pg_constraint
    JOIN pg_class AS child ON child.oid = conrelid
    JOIN pg_class AS parent ON parent.oid = confrelid
    JOIN pg_attribute AS child_column
        ON child_column.attrelid = conrelid AND child_column.attnum = conkey[1]
    JOIN pg_attribute AS parent_column
        ON parent_column.attrelid = confrelid AND parent_column.attnum = confkey[1]
    WHERE contype = 'f'
"""


@pytest.fixture
def connection(shop: str) -> Iterator[psycopg.Connection]:
    with psycopg.connect(shop) as connection:
        yield connection


def rows(archive: Archive) -> list[tuple[str, list[dict[str, object]]]]:
    return [(name, table.to_pylist()) for name, table in archive.tables()]


def test_the_same_seed_orders_and_moment_give_the_same_rows() -> None:
    assert rows(Archive(500, UNTIL, seed=7)) == rows(Archive(500, UNTIL, seed=7))


def test_another_seed_gives_other_rows() -> None:
    assert rows(Archive(500, UNTIL, seed=7)) != rows(Archive(500, UNTIL, seed=8))


def test_chunks_follow_on_each_other() -> None:
    chunks = [table for name, table in Archive(120_000, UNTIL).tables() if name == "transaction"]
    ids = [key for chunk in chunks for key in chunk["transaction_id"].to_pylist()]
    assert len(chunks) > 1
    assert ids == list(range(1, 120_001))


def test_a_shop_without_orders_has_its_reference_rows() -> None:
    assert [name for name, table in Archive(0, UNTIL).tables() if table.num_rows] == list(
        TABLES[:7]
    )


def test_every_table_has_about_as_many_rows_as_the_real_shop(
    connection: psycopg.Connection,
) -> None:
    counts: dict[str, int] = {}
    for table in TABLES:
        count = sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(table))
        (counts[table],) = connection.execute(count).fetchone() or (0,)
    sales = counts.pop("sales_order")
    assert sales == pytest.approx(2_100, rel=0.1)
    assert counts == {
        "address": 30,
        "counterparty": 20,
        "currency": 3,
        "department": 8,
        "design": 110,
        "staff": 20,
        "payment_type": 4,
        "purchase_order": 3_000 - sales,
        "transaction": 3_000,
        "payment": 3_000,
    }


def test_every_foreign_key_holds(connection: psycopg.Connection) -> None:
    keys = connection.execute(FOREIGN_KEYS).fetchall()
    assert len(keys) == 17
    for child, column, parent, key in keys:
        orphans = sql.SQL(
            "SELECT count(*) FROM {child} WHERE {column} IS NOT NULL"
            " AND {column} NOT IN (SELECT {key} FROM {parent})"
        ).format(
            child=sql.Identifier(child),
            column=sql.Identifier(column),
            parent=sql.Identifier(parent),
            key=sql.Identifier(key),
        )
        assert connection.execute(orphans).fetchone() == (0,), (child, column)


def test_orders_come_in_trading_hours_before_the_end_in_the_order_of_their_ids(
    connection: psycopg.Connection,
) -> None:
    moments = [
        moment
        for (moment,) in connection.execute("SELECT created_at FROM payment ORDER BY payment_id")
    ]
    assert moments == sorted(moments)
    assert UNTIL - timedelta(days=731) < moments[0]
    assert moments[-1] <= UNTIL
    assert all(time(8) <= moment.time() < time(19) for moment in moments)


def test_no_order_is_older_than_its_design(connection: psycopg.Connection) -> None:
    early = """
        SELECT count(*) FROM sales_order JOIN design USING (design_id)
        WHERE sales_order.created_at < design.created_at
    """
    assert connection.execute(early).fetchone() == (0,)


def test_what_was_due_is_paid_many_at_one_millisecond(connection: psycopg.Connection) -> None:
    wrong = "SELECT count(*) FROM payment WHERE paid <> (payment_date <= %s)"
    together = "SELECT count(*) FROM payment WHERE paid GROUP BY last_updated ORDER BY 1 DESC"
    assert connection.execute(wrong, [UNTIL.date().isoformat()]).fetchone() == (0,)
    assert (connection.execute(together).fetchone() or (0,))[0] > 5


def test_a_payment_is_the_price_of_its_order(connection: psycopg.Connection) -> None:
    wrong = """
        SELECT count(*) FROM payment
        JOIN transaction USING (transaction_id)
        LEFT JOIN sales_order USING (sales_order_id)
        LEFT JOIN purchase_order USING (purchase_order_id)
        WHERE payment_amount IS DISTINCT FROM
            coalesce(units_sold * unit_price, item_quantity * item_unit_price)
    """
    assert connection.execute(wrong).fetchone() == (0,)


def test_the_texts_hold_what_careless_readers_stumble_over(connection: psycopg.Connection) -> None:
    names = connection.execute("SELECT string_agg(counterparty_legal_name, '') FROM counterparty")
    (text,) = names.fetchone() or ("",)
    assert {"'", '"', ",", "ü", "Ł"} <= set(text)


def test_ids_go_on_after_the_archive(connection: psycopg.Connection) -> None:
    for table in TABLES:
        follows = sql.SQL(
            "SELECT nextval(pg_get_serial_sequence({name}, {key_name})) = max({key}) + 1"
            " FROM {table}"
        ).format(
            name=sql.Literal(table),
            key_name=sql.Literal(f"{table}_id"),
            key=sql.Identifier(f"{table}_id"),
            table=sql.Identifier(table),
        )
        assert connection.execute(follows).fetchone() == (True,), table


def test_a_shop_that_is_open_is_left_alone(shop: str, connection: psycopg.Connection) -> None:
    open_shop(shop, Archive(10, UNTIL))
    assert connection.execute("SELECT count(*) FROM payment").fetchone() == (3_000,)
