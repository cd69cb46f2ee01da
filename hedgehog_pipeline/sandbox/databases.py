"""The databases, and the roles with which the platform connects to them.

`hedgehog_reader` may only read the tables of the shop. `hedgehog_writer` owns the warehouse,
`dagster` the database of Dagster's run records; they have no other rights. Except for the
superuser no other role can connect.
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
    """Create the roles and databases that are missing; `passwords` has one for each role.

    The connection must be one of a superuser.
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
    """Grant the reader SELECT on the shop's tables; connect as the owner of the shop."""
    with psycopg.connect(dsn) as connection:
        for table in TABLES:
            _execute(connection, "GRANT SELECT ON TABLE {} TO {}", table, READER)


def _create_role(connection: psycopg.Connection, role: str, password: str) -> None:
    # Hashed here, so that the password itself is in no statement and no server log.
    verifier = connection.pgconn.encrypt_password(
        password.encode(), role.encode(), b"scram-sha-256"
    )
    statement = sql.SQL("CREATE ROLE {} LOGIN PASSWORD {}").format(
        sql.Identifier(role), sql.Literal(verifier.decode())
    )
    connection.execute(statement)


def _exists(connection: psycopg.Connection, query: "LiteralString", name: str) -> bool:
    return connection.execute(query, [name]).fetchone() is not None


def _execute(connection: psycopg.Connection, statement: "LiteralString", *names: str) -> None:
    connection.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))
