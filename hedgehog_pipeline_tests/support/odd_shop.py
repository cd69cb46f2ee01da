"""A small shop to capture: one row in each reference table, and orders."""

from typing import Any

import psycopg

from hedgehog_pipeline_tests.support.demo_model import SOURCE
from hedgehog_pipeline_tests.support.world import World

NOON = "2026-11-02 12:00:00"

_REFERENCE = """
    insert into address (address_line_1, city, postal_code, country, phone, last_updated)
        values ('1 High Street', 'Leeds', 'LS1 1AA', 'United Kingdom', '0113 496 0000', %(at)s);
    insert into currency (currency_code, last_updated) values ('GBP', %(at)s);
    insert into department (department_name, location, last_updated)
        values ('Sales', 'Leeds', %(at)s);
    insert into design (design_name, file_location, file_name, last_updated)
        values ('Wooden', '/usr', 'wooden.json', %(at)s);
    insert into payment_type (payment_type_name, last_updated) values ('SALES_RECEIPT', %(at)s);
    insert into counterparty (counterparty_legal_name, legal_address_id, last_updated)
        values ('Fahey and Sons', 1, %(at)s);
    insert into staff (first_name, last_name, department_id, email_address, last_updated)
        values ('Ada', 'Hill', 1, 'ada.hill@example.com', %(at)s);
"""

_ORDERS = """
    insert into sales_order (last_updated, design_id, staff_id, counterparty_id, units_sold,
        unit_price, currency_id, agreed_delivery_date, agreed_payment_date,
        agreed_delivery_location_id)
    select %(at)s, 1, 1, 1, 10, 2.50, 1, '2026-11-05', '2026-11-04', 1
    from generate_series(1, %(count)s) returning sales_order_id
"""


def seed(world: World, orders: int = 3) -> None:
    """Fill the reference tables and place some orders."""
    cursor = psycopg.ClientCursor(world.shop)
    cursor.execute(_REFERENCE, {"at": NOON})
    place(world.shop, orders)


def place(connection: psycopg.Connection[Any], count: int = 1, at: str = NOON) -> list[str]:
    """Place orders in one statement; return their keys as text."""
    cursor = connection.cursor()
    cursor.execute(_ORDERS, {"at": at, "count": count})
    return [str(row[0]) for row in cursor]


def change(connection: psycopg.Connection[Any], key: str, units: int, at: str = NOON) -> None:
    """Change an order and its stamp."""
    connection.execute(
        "update sales_order set units_sold = %s, last_updated = %s where sales_order_id = %s",
        [units, at, key],
    )


def continue_numbers(world: World) -> None:
    """Let the sequences continue after the existing keys."""
    for table in SOURCE.values():
        world.shop.execute(
            "select setval(pg_get_serial_sequence(%s, %s), "
            f"(select max({table.key}) from {table.name}))".encode(),
            [table.name, table.key],
        )
