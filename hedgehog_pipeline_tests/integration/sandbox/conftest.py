"""Fixtures of the sandbox tests."""

from collections.abc import Iterator
from datetime import datetime

import psycopg
import pytest
from psycopg import sql

from hedgehog_pipeline.sandbox.archive import Archive
from hedgehog_pipeline.sandbox.postgres import PostgresServer
from hedgehog_pipeline.sandbox.shop import open_shop

UNTIL = datetime(2026, 11, 20, 10, 30)  # noqa: DTZ001  the shop's timestamps have no time zone


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PostgresServer]:
    """A PostgreSQL server without a shop."""
    with PostgresServer(tmp_path_factory.mktemp("postgres"), durable=False) as server:
        yield server


@pytest.fixture(scope="module")
def shop(server: PostgresServer, request: pytest.FixtureRequest) -> str:
    """Create a shop with 3,000 orders for the module; return its connection string."""
    name = request.module.__name__.rpartition(".")[2]
    with psycopg.connect(server.dsn("postgres"), autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    dsn = server.dsn(name)
    open_shop(dsn, Archive(3_000, UNTIL))
    return dsn
