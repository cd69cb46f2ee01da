"""The databases, and the roles through which the platform reaches them.

`hedgehog_reader` reads the shop's tables and nothing else; `hedgehog_writer` owns the warehouse
and nothing else; `dagster` owns the database of Dagster's own records. But for the superuser
nobody else can connect at all.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import psycopg
from psycopg import sql

from hedgehog_pipeline.sandbox.shop import TABLES

if TYPE_CHECKING:
    from typing_extensions import LiteralString

SOURCE = "totesys"
WAREHOUSE = "warehouse"
READER = "hedgehog_reader"
WRITER = "hedgehog_writer"
DAGSTER = "dagster"


def create_databases(dsn: str, passwords: Mapping[str, str]) -> None:
    """Make the roles and databases that are missing; `passwords` holds one for each role.

    The connection must be a superuser's.
    """
    with psycopg.connect(dsn, autocommit=True) as connection:
        for role in (READER, WRITER, DAGSTER):
            if not _exists(connection, "SELECT FROM pg_roles WHERE rolname = %s", role):
                _create_role(connection, role, passwords[role])
        for database, owner in ((SOURCE, "postgres"), (WAREHOUSE, WRITER), (DAGSTER, DAGSTER)):
            if not _exists(connection, "SELECT FROM pg_database WHERE datname = %s", database):
                _execute(connection, "CREATE DATABASE {} OWNER {}", database, owner)
        for database in (SOURCE, WAREHOUSE, DAGSTER, "postgres", "template1"):
            _execute(connection, "REVOKE ALL ON DATABASE {} FROM PUBLIC", database)
        _execute(connection, "GRANT CONNECT ON DATABASE {} TO {}", SOURCE, READER)


def grant_reading(dsn: str) -> None:
    """Let the reader read the shop's tables; the connection must be the shop's owner's."""
    with psycopg.connect(dsn) as connection:
        for table in TABLES:
            _execute(connection, "GRANT SELECT ON TABLE {} TO {}", table, READER)


def _create_role(connection: psycopg.Connection, role: str, password: str) -> None:
    # Enciphered here, so that the password itself reaches neither the statement nor a log.
    verifier = connection.pgconn.encrypt_password(
        password.encode(), role.encode(), b"scram-sha-256"
    )
    statement = sql.SQL("CREATE ROLE {} LOGIN PASSWORD {}").format(
        sql.Identifier(role), sql.Literal(verifier.decode())
    )
    connection.execute(statement)


def _exists(connection: psycopg.Connection, question: "LiteralString", name: str) -> bool:
    return connection.execute(question, [name]).fetchone() is not None


def _execute(connection: psycopg.Connection, statement: "LiteralString", *names: str) -> None:
    connection.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))
