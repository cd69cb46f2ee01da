"""What a pooler in transaction mode does to a connection."""

from typing import Any

import psycopg
from psycopg.pq import TransactionStatus

from hedgehog_pipeline import databases

_OF_SESSION = """
    select 'prepared', name from pg_prepared_statements
    union all select 'setting', name from pg_settings where source = 'session'
    union all select 'lock', locktype from pg_locks
        where pid = pg_backend_pid() and locktype = 'advisory'
    union all select 'table', relname from pg_class where pg_my_temp_schema() = relnamespace
"""

_Session = databases._Patient


class Pooled(_Session):
    """A connection that meets another session with each transaction, and leaves nothing in one."""

    _another: psycopg.Connection[Any]
    met = 0

    @classmethod
    def connect(cls, *args: Any, **how: Any) -> Any:
        connection = super().connect(*args, **how)
        connection._another = _Session.connect(*args, **how)
        return connection

    def cursor(self, *args: Any, **others: Any) -> Any:
        if self.pgconn.transaction_status == TransactionStatus.IDLE:
            left = self.pgconn.exec_(_OF_SESSION.encode())
            kept = [left.get_value(row, 1) for row in range(left.ntuples)]
            assert kept == [], f"kept in the session: {kept}"
            self.pgconn, self._another.pgconn = self._another.pgconn, self.pgconn
            Pooled.met += 1
        return super().cursor(*args, **others)

    def close(self) -> None:
        self._another.close()
        super().close()
