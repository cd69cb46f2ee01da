"""`python -m hedgehog_pipeline.healthcheck PORT`: check a service and Dagster's database.

RDS rotates the password of Dagster's database: a task that still has the old one fails the check on
the database, and is replaced by one with the new password. libpq's own variables say how TLS is
verified.
"""

import os
import socket
import sys

import psycopg

_TIMEOUT_SECONDS = 10


def confirm(port: int) -> None:
    """Check that the port is open and that Dagster's database accepts our credentials.

    Raises:
        OSError: if nothing listens on the port.
        psycopg.OperationalError: if the database refuses the connection or cannot be reached.
    """
    socket.create_connection(("127.0.0.1", port), _TIMEOUT_SECONDS).close()
    psycopg.connect(
        host=os.environ["DAGSTER_POSTGRES_HOST"],
        port=os.environ["DAGSTER_POSTGRES_PORT"],
        user=os.environ["DAGSTER_POSTGRES_USER"],
        password=os.environ["DAGSTER_POSTGRES_PASSWORD"],
        dbname=os.environ["DAGSTER_POSTGRES_DB"],
        connect_timeout=_TIMEOUT_SECONDS,
    ).close()


if __name__ == "__main__":
    confirm(int(sys.argv[1]))
