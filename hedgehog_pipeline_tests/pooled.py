"""What a pooler in transaction mode does to a connection."""

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
    """A connection that meets another session with each transaction, and leaves nothing in one.

    Where a session was lost between two transactions, nobody hears of it.
    """

    _how: dict[str, Any]
    _another: psycopg.Connection[Any]
    met = 0

    @classmethod
    def connect(cls, *args: Any, **how: Any) -> Any:
        connection = super().connect(*args, **how)
        connection._how = how
        connection._another = _Session.connect(**how)
        return connection

    def cursor(self, *args: Any, **others: Any) -> Any:
        if self.pgconn.transaction_status == TransactionStatus.IDLE:
            kept = _asked(self.pgconn, _OF_SESSION)
            assert not kept, f"kept in the session: {kept}"
            if _asked(self._another.pgconn, "select 1") is None:
                self._another.close()
                self._another = _Session.connect(**self._how)
            self.pgconn, self._another.pgconn = self._another.pgconn, self.pgconn
            Pooled.met += 1
        return super().cursor(*args, **others)

    def close(self) -> None:
        self._another.close()
        super().close()


def _asked(session: PGconn, query: str) -> list[bytes | None] | None:
    """Give the last column of what a session answers, None where it is lost."""
    try:
        result = session.exec_(query.encode())
    except psycopg.OperationalError:
        return None
    if result.status != ExecStatus.TUPLES_OK:
        return None
    return [result.get_value(row, result.nfields - 1) for row in range(result.ntuples)]
