"""`python -m hedgehog_pipeline.healthcheck PORT`: whether a service and its database answer.

The second is asked because RDS changes the password of Dagster's database: a task that still has
the old one fails here, and is replaced by one that has the new. libpq's own variables say how TLS
is to be verified.
"""

import os
import socket
import sys

import psycopg

_TIMEOUT_SECONDS = 10


def confirm(port: int) -> None:
    """See that the port is open and that Dagster's database takes our credentials.

    Raises:
        OSError: where nobody listens.
        psycopg.OperationalError: where the database cannot be reached.
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
