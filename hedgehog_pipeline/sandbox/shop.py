"""The demo shop's database: the schema of its application, filled with past orders."""

from io import BytesIO
from pathlib import Path

import psycopg
import pyarrow as pa
from psycopg import sql
from pyarrow import csv

from hedgehog_pipeline.sandbox.archive import Archive

_SCHEMA = Path(__file__).with_name("shop.sql")

# Referenced tables come before the tables that refer to them.
TABLES = (
    "address",
    "currency",
    "department",
    "payment_type",
    "counterparty",
    "staff",
    "design",
    "sales_order",
    "purchase_order",
    "transaction",
    "payment",
)


def open_shop(dsn: str, archive: Archive) -> None:
    """Create the shop and fill it, in one transaction, unless it exists.

    The connection must be one of a superuser.
    """
    with psycopg.connect(dsn) as connection:
        if not _exists(connection):
            connection.execute(_SCHEMA.read_bytes())
            _fill(connection, archive)


def _exists(connection: psycopg.Connection) -> bool:
    row = connection.execute("SELECT to_regclass('payment') IS NOT NULL").fetchone()
    return row is not None and row[0]


def _fill(connection: psycopg.Connection, archive: Archive) -> None:
    # The rows satisfy the foreign keys; checking each row would take most of the time.
    connection.execute("SET LOCAL session_replication_role = replica")
    for name, rows in archive.tables():
        _copy(connection, name, rows)
    connection.execute("SET LOCAL session_replication_role = origin")
    for name in TABLES:
        _continue_numbers(connection, name)
    connection.execute("ANALYZE")


def _copy(connection: psycopg.Connection, name: str, rows: pa.Table) -> None:
    text = BytesIO()
    csv.write_csv(rows, text, csv.WriteOptions(include_header=False))
    statement = sql.SQL("COPY {} ({}) FROM STDIN (FORMAT csv)").format(
        sql.Identifier(name), sql.SQL(", ").join(map(sql.Identifier, rows.column_names))
    )
    with connection.cursor().copy(statement) as copy:
        copy.write(text.getbuffer())


def _continue_numbers(connection: psycopg.Connection, name: str) -> None:
    """Set the sequence of a table to its highest id."""
    statement = sql.SQL(
        "SELECT setval(pg_get_serial_sequence({name}, {key_name}), max({key})) FROM {table}"
    ).format(
        name=sql.Literal(name),
        key_name=sql.Literal(f"{name}_id"),
        key=sql.Identifier(f"{name}_id"),
        table=sql.Identifier(name),
    )
    connection.execute(statement)
