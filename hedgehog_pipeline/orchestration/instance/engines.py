"""One SQLAlchemy engine per database and process, with cached facts about its tables."""

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from dagster_postgres.utils import create_pg_engine, set_pg_statement_timeout
from sqlalchemy import Engine, event

if TYPE_CHECKING:
    from dagster_postgres.auth import PgTokenProvider

_RECYCLE_SECONDS = 3600
_IDLE_CONNECTIONS = 3
_MORE_WHILE_BUSY = 12


@dataclass(frozen=True)
class Database:
    """A database, as this process caches it.

    Attributes:
        engine: its connections; they stay open, and a broken one is replaced at checkout.
        answers: cached facts about its tables; only migrations change them.
    """

    engine: Engine
    answers: dict[tuple[object, ...], bool] = field(default_factory=dict[tuple[object, ...], bool])

    def once(self, question: tuple[object, ...], ask: Callable[[], bool]) -> bool:
        """Return the answer; ask only the first time in this process."""
        if question not in self.answers:
            self.answers[question] = ask()
        return self.answers[question]


_DATABASES: dict[tuple[str, int], Database] = {}


def database(
    url: str, token_provider: "PgTokenProvider | None" = None, *, statement_timeout: int = 0
) -> Database:
    """Return this process's only instance for a database.

    Args:
        url: as SQLAlchemy reads it.
        token_provider: returns the password of each new connection, or None.
        statement_timeout: in milliseconds, after which PostgreSQL ends a statement; 0 for never.
    """
    key = (url, statement_timeout)
    # If two threads create one at once, the first one wins; the other has not connected.
    return _DATABASES.get(key) or _DATABASES.setdefault(
        key, Database(_engine(url, token_provider, statement_timeout))
    )


def _engine(url: str, token_provider: "PgTokenProvider | None", statement_timeout: int) -> Engine:
    engine = create_pg_engine(
        url,
        token_provider,
        isolation_level="AUTOCOMMIT",
        pool_size=_IDLE_CONNECTIONS,
        max_overflow=_MORE_WHILE_BUSY,
        pool_recycle=_RECYCLE_SECONDS,
        pool_pre_ping=True,
    )

    def limit(connection: Any, _record: object) -> None:
        set_pg_statement_timeout(connection, statement_timeout)

    if statement_timeout:
        event.listen(engine, "connect", limit)
    return engine


def _leave_connections_to_the_parent() -> None:
    for known in _DATABASES.values():
        known.engine.dispose(close=False)


os.register_at_fork(after_in_child=_leave_connections_to_the_parent)
