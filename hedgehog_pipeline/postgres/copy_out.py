"""Reads the rows of a COPY TO STDOUT from libpq, all that have arrived at a time.

psycopg waits for each single row, which takes twice the CPU time.
"""

from collections.abc import Iterator
from itertools import chain

from psycopg import Connection
from psycopg.abc import PQGen
from psycopg.errors import error_from_result
from psycopg.generators import fetch_many
from psycopg.pq import ExecStatus
from psycopg.pq.abc import PGconn, PGresult
from psycopg.waiting import Wait


def copy_rows(connection: Connection) -> Iterator[memoryview]:
    """Yield the rows of the COPY TO STDOUT in progress, to its end.

    The server sends each row as a message of its own (PostgreSQL, "COPY Operations").

    Raises:
        psycopg.Error: if the server stops the COPY before its end.
    """
    return chain.from_iterable(copy_batches(connection))


def copy_batches(connection: Connection) -> Iterator[list[memoryview]]:
    """Yield the rows as `copy_rows` does, in lists of all that have arrived."""
    end: PGresult | None = None
    while end is None:
        rows, end = connection.wait(_arrived_rows(connection.pgconn))
        yield rows
    if end.status != ExecStatus.COMMAND_OK:
        raise error_from_result(end)


def _arrived_rows(server: PGconn) -> PQGen[tuple[list[memoryview], PGresult | None]]:
    """Return the rows that have arrived, and the result of the COPY once it has ended."""
    rows: list[memoryview] = []
    while True:
        length, row = server.get_copy_data(1)
        if length > 0:
            rows.append(row)
        elif length < 0:
            (end,) = yield from fetch_many(server)
            return rows, end
        elif rows:
            return rows, None
        else:
            while not (yield Wait.R):
                continue
            server.consume_input()
