"""Simulates a pooler in transaction mode."""

from typing import Any

import psycopg
from psycopg.pq import ExecStatus, TransactionStatus
from psycopg.pq.abc import PGconn

from hedgehog_pipeline.postgres import connection as databases

_OF_SESSION = """
    select 'prepared', name from pg_prepared_statements
    union all select 'setting', name from pg_settings where source = 'session'
    union all select 'lock', locktype from pg_locks
        where pid = pg_backend_pid() and locktype = 'advisory'
    union all select 'table', relname from pg_class where pg_my_temp_schema() = relnamespace
"""

_Session = databases._Polled


class Pooled(_Session):
    """A connection that uses another session for each transaction, and leaves no state in it.

    If a session is lost between two transactions, the client does not notice.
    """

    _connect_options: dict[str, Any]
    _other: psycopg.Connection[Any]
    switches = 0

    @classmethod
    def connect(cls, *args: Any, **options: Any) -> Any:
        connection = super().connect(*args, **options)
        connection._connect_options = options
        connection._other = _Session.connect(**options)
        return connection

    def cursor(self, *args: Any, **options: Any) -> Any:
        if self.pgconn.transaction_status == TransactionStatus.IDLE:
            state = _last_column(self.pgconn, _OF_SESSION)
            assert not state, f"left in the session: {state}"
            if _last_column(self._other.pgconn, "select 1") is None:
                self._other.close()
                self._other = _Session.connect(**self._connect_options)
            self.pgconn, self._other.pgconn = self._other.pgconn, self.pgconn
            Pooled.switches += 1
        return super().cursor(*args, **options)

    def close(self) -> None:
        self._other.close()
        super().close()


def _last_column(session: PGconn, query: str) -> list[bytes | None] | None:
    """Run a query and return its last column, None if the session is lost."""
    try:
        result = session.exec_(query.encode())
    except psycopg.OperationalError:
        return None
    if result.status != ExecStatus.TUPLES_OK:
        return None
    return [result.get_value(row, result.nfields - 1) for row in range(result.ntuples)]
