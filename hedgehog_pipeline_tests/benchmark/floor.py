"""The floor: what PostgreSQL itself takes to copy the rows into a table with the same keys."""

from contextlib import suppress

import psycopg
from psycopg import sql

_SHAPED = """
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
    """Pipe a binary COPY of the shaped orders into a table like the fact, without foreign keys.

    Args:
        shop: the shop.
        warehouse: the warehouse.
        logged: whether the table was there before, so that its rows go through the write-ahead
            log, as they do in any database that has a replica or a backup. PostgreSQL spares
            that where a table is made in the same transaction and nobody replicates it.
    """
    with psycopg.connect(shop) as source, psycopg.connect(warehouse) as target:
        target.execute("drop table if exists floor")
        target.execute("create table floor (like fact_sales_order including all)")
        if logged:
            target.commit()
        into = sql.SQL("copy floor ({}) from stdin (format binary)").format(sql.SQL(_COLUMNS))
        with source.cursor().copy(_SHAPED) as rows, target.cursor().copy(into) as sink:
            for block in rows:
                sink.write(block)


def drop(warehouse: str) -> None:
    """Leave no table behind."""
    with suppress(psycopg.errors.UndefinedTable), psycopg.connect(warehouse) as target:
        target.execute("drop table floor")
