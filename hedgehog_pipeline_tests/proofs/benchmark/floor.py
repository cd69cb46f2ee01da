"""The lower bound: PostgreSQL itself copies the rows into a table with the same keys."""

from contextlib import suppress

import psycopg
from psycopg import sql

_TRANSFORMED = """
    copy (
        select sales_order_id, created_at::date, created_at::time, last_updated::date,
               last_updated::time, staff_id, counterparty_id, units_sold, unit_price, currency_id,
               design_id, agreed_payment_date::date, agreed_delivery_date::date,
               agreed_delivery_location_id, 1::bigint, 1::bigint
        from sales_order
    ) to stdout (format binary)
"""
_COLUMNS = (
    "sales_order_id, created_date, created_time, last_updated_date, last_updated_time, "
    "sales_staff_id, counterparty_id, units_sold, unit_price, currency_id, design_id, "
    "agreed_payment_date, agreed_delivery_date, agreed_delivery_location_id, "
    "ingestion_commit, processed_commit"
)


def copy_orders(shop: str, warehouse: str, *, logged: bool) -> None:
    """Pipe a binary COPY of transformed orders into a table like the fact, without foreign keys.

    Args:
        logged: whether the table exists before the transaction. Its rows then go through the WAL,
            as always in a database with a replica or a backup. PostgreSQL skips the WAL if a table
            is created in the same transaction and nothing is replicated.
    """
    with psycopg.connect(shop) as source, psycopg.connect(warehouse) as target:
        target.execute("drop table if exists floor")
        target.execute("create table floor (like fact_sales_order including all)")
        if logged:
            target.commit()
        into = sql.SQL("copy floor ({}) from stdin (format binary)").format(sql.SQL(_COLUMNS))
        with source.cursor().copy(_TRANSFORMED) as rows, target.cursor().copy(into) as sink:
            for block in rows:
                sink.write(block)


def drop(warehouse: str) -> None:
    """Drop the table."""
    with suppress(psycopg.errors.UndefinedTable), psycopg.connect(warehouse) as target:
        target.execute("drop table floor")
