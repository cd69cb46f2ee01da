"""The rows of a COPY are complete and in order, up to its end or to the server's error."""

from collections.abc import Iterator

import psycopg
import pytest
from psycopg import Connection

from hedgehog_pipeline.postgres.copy_out import copy_rows
from hedgehog_pipeline_tests.support.servers import Servers


@pytest.fixture
def connection(servers: Servers) -> Iterator[Connection]:
    with psycopg.connect(servers.postgres.dsn("postgres")) as connection:
        yield connection


@pytest.mark.parametrize(("rows", "length"), [(0, 1), (1, 1), (50_000, 1), (30, 1_000_000)])
def test_every_row_comes_in_order(connection: Connection, rows: int, length: int):
    query = f"copy (select n, repeat('x', {length}) from generate_series(1, {rows}) as n) to stdout"
    with connection.cursor().copy(query.encode()):
        found = [bytes(row) for row in copy_rows(connection)]
    assert found == [f"{n}\t{'x' * length}\n".encode() for n in range(1, rows + 1)]


def test_an_error_half_way_does_not_look_like_the_end(connection: Connection):
    query = b"copy (select 1 / (n - 40000) from generate_series(1, 50000) as n) to stdout"
    with pytest.raises(psycopg.errors.DivisionByZero), connection.cursor().copy(query):
        list(copy_rows(connection))
    connection.rollback()
    assert connection.execute("select 1").fetchone() == (1,)


def test_a_connection_that_is_cut_half_way_does_not_look_like_the_end(
    connection: Connection, servers: Servers
):
    with connection.cursor().copy(b"copy (select * from generate_series(1, 9000000)) to stdout"):
        rows = copy_rows(connection)
        next(rows)
        with psycopg.connect(servers.postgres.dsn("postgres"), autocommit=True) as admin:
            admin.execute("select pg_terminate_backend(%s)", [connection.info.backend_pid])
        with pytest.raises(psycopg.OperationalError):
            list(rows)


def test_an_error_of_the_consumer_leaves_a_usable_connection(connection: Connection):
    query = b"copy (select * from generate_series(1, 900000)) to stdout"
    with pytest.raises(ZeroDivisionError), connection.cursor().copy(query):
        [1 // (int(row) - 3) for row in map(bytes, copy_rows(connection))]
    connection.rollback()
    assert connection.execute("select 1").fetchone() == (1,)
