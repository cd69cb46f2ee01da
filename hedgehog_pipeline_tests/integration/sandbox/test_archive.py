"""The past orders of the demo shop: realistic, consistent and reproducible."""

from collections.abc import Iterator
from datetime import time, timedelta

import psycopg
import pytest
from psycopg import sql

from hedgehog_pipeline.sandbox.archive import Archive
from hedgehog_pipeline.sandbox.shop import TABLES, open_shop
from hedgehog_pipeline_tests.integration.sandbox.conftest import UNTIL

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


def test_the_same_seed_orders_and_time_give_the_same_rows() -> None:
    assert rows(Archive(500, UNTIL, seed=7)) == rows(Archive(500, UNTIL, seed=7))


def test_another_seed_gives_other_rows() -> None:
    assert rows(Archive(500, UNTIL, seed=7)) != rows(Archive(500, UNTIL, seed=8))


def test_ids_continue_from_chunk_to_chunk() -> None:
    chunks = [table for name, table in Archive(120_000, UNTIL).tables() if name == "transaction"]
    ids = [key for chunk in chunks for key in chunk["transaction_id"].to_pylist()]
    assert len(chunks) > 1
    assert ids == list(range(1, 120_001))


def test_a_shop_without_orders_has_its_reference_rows() -> None:
    assert [name for name, table in Archive(0, UNTIL).tables() if table.num_rows] == list(
        TABLES[:7]
    )


def test_every_table_has_a_realistic_number_of_rows(
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


def test_every_foreign_key_is_satisfied(connection: psycopg.Connection) -> None:
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


def test_orders_are_placed_in_trading_hours_in_the_order_of_their_ids(
    connection: psycopg.Connection,
) -> None:
    times = [
        at for (at,) in connection.execute("SELECT created_at FROM payment ORDER BY payment_id")
    ]
    assert times == sorted(times)
    assert UNTIL - timedelta(days=731) < times[0]
    assert times[-1] <= UNTIL
    assert all(time(8) <= at.time() < time(19) for at in times)


def test_no_order_is_older_than_its_design(connection: psycopg.Connection) -> None:
    early = """
        SELECT count(*) FROM sales_order JOIN design USING (design_id)
        WHERE sales_order.created_at < design.created_at
    """
    assert connection.execute(early).fetchone() == (0,)


def test_due_payments_are_paid_many_with_the_same_timestamp(connection: psycopg.Connection) -> None:
    wrong = "SELECT count(*) FROM payment WHERE paid <> (payment_date <= %s)"
    together = "SELECT count(*) FROM payment WHERE paid GROUP BY last_updated ORDER BY 1 DESC"
    assert connection.execute(wrong, [UNTIL.date().isoformat()]).fetchone() == (0,)
    assert (connection.execute(together).fetchone() or (0,))[0] > 5


def test_the_amount_of_a_payment_is_the_price_of_its_order(connection: psycopg.Connection) -> None:
    wrong = """
        SELECT count(*) FROM payment
        JOIN transaction USING (transaction_id)
        LEFT JOIN sales_order USING (sales_order_id)
        LEFT JOIN purchase_order USING (purchase_order_id)
        WHERE payment_amount IS DISTINCT FROM
            coalesce(units_sold * unit_price, item_quantity * item_unit_price)
    """
    assert connection.execute(wrong).fetchone() == (0,)


def test_some_texts_have_quotes_and_letters_beyond_ascii(connection: psycopg.Connection) -> None:
    names = connection.execute("SELECT string_agg(counterparty_legal_name, '') FROM counterparty")
    (text,) = names.fetchone() or ("",)
    assert {"'", '"', ",", "ü", "Ł"} <= set(text)


def test_sequences_continue_after_the_last_id(connection: psycopg.Connection) -> None:
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


def test_an_existing_shop_is_not_changed(shop: str, connection: psycopg.Connection) -> None:
    open_shop(shop, Archive(10, UNTIL))
    assert connection.execute("SELECT count(*) FROM payment").fetchone() == (3_000,)
