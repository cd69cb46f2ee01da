"""A shop of any size, made by PostgreSQL itself."""

import psycopg
from psycopg import sql

_ORDERS = """
    insert into sales_order
    select n, moment, moment, 1 + hash %% designs, 1 + hash %% staff, 1 + hash %% counterparties,
           1000 + hash %% 99000, (199 + hash %% 200) / 100.0, 1 + hash %% currencies,
           (moment + interval '3 days')::date::text, (moment + interval '6 days')::date::text,
           1 + hash %% addresses
    from (
        select n, abs(hashint4(n)::bigint) as hash,
               timestamp '2025-01-01 08:00' + n * interval '10 seconds' as moment
        from generate_series(
            (select coalesce(max(sales_order_id), 0) + 1 from sales_order)::integer, %s) as n
    ) as made, (
        select (select max(design_id) from design) as designs,
               (select max(staff_id) from staff) as staff,
               (select max(counterparty_id) from counterparty) as counterparties,
               (select max(currency_id) from currency) as currencies,
               (select max(address_id) from address) as addresses
    ) as known
"""

_CHANGE = """
    update sales_order set units_sold = units_sold + 1, last_updated = clock_timestamp()
    where sales_order_id %% (select count(*) / %s from sales_order) = %s
"""


def grow(dsn: str, orders: int) -> None:
    """Fill a shop that has reference data with sales orders, up to a number of them.

    Foreign keys are not looked at while the rows come: they are right as made.
    """
    with psycopg.connect(dsn) as shop:
        shop.execute("set local session_replication_role = replica")
        shop.execute("truncate payment, transaction, purchase_order")
        shop.execute(_ORDERS, [orders])
    with psycopg.connect(dsn, autocommit=True) as shop:
        shop.execute("vacuum (analyze) sales_order")


def change(dsn: str, orders: int, turn: int) -> int:
    """Change about so many orders, others at each turn; give how many."""
    with psycopg.connect(dsn) as shop:
        return shop.execute(_CHANGE, [orders, turn]).rowcount


def count(dsn: str, table: str) -> int:
    """Count the rows of a table."""
    with psycopg.connect(dsn) as database:
        query = sql.SQL("select count(*) from {}").format(sql.Identifier(table))
        row = database.execute(query).fetchone()
    assert row is not None
    return row[0]
