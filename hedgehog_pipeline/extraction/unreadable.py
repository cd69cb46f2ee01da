"""Name the row that PostgreSQL itself cannot send: it ends every COPY of its table, unnamed.

Its virtual generated column or a type's output function raises an error, it is longer than the
gigabyte that a message may have, or its storage is damaged.
"""

from collections.abc import Sequence

import psycopg
from psycopg import Connection, sql

from hedgehog_pipeline.errors import HedgehogError
from hedgehog_pipeline.model.tables import SourceTable
from hedgehog_pipeline.postgres.connection import reason_of

_OF_A_ROW = ("22", "2F", "38", "39", "54", "P0", "XX")
"""SQLSTATE classes: data, functions, limits, RAISE, and internal errors such as damage."""

_WHOLE_ROW = sql.SQL("read_row")


def unreadable_row(
    connection: Connection,
    table: SourceTable,
    query: sql.Composed,
    columns: Sequence[str],
    error: psycopg.Error,
) -> HedgehogError | None:
    """Return an error that names the row and its columns, None if no row causes it.

    Args:
        connection: in the snapshot, after a rollback to before the query.
        query: selects the rows of the table; it failed.
        columns: the columns that it selects.
        error: what PostgreSQL said.
    """
    if not (error.sqlstate or "").startswith(_OF_A_ROW):
        return None
    rows = _Rows(connection, sql.Identifier(table.key), query)
    key = rows.find_failing()
    if key is None:
        return None
    failing = ", ".join(name for name in columns if rows.fails([key], sql.Identifier(name)))
    where = f" (column {failing})" if failing else ""
    return HedgehogError(
        f"PostgreSQL cannot read the row {key} of {table.name}{where}: {reason_of(error)}. Nothing "
        "was committed, and no capture can pass this row: correct or delete it in the source, or "
        "drop the column there if no one needs it."
    )


class _Rows:
    """The rows of a query, read on the server without sending them."""

    def __init__(self, connection: Connection, key: sql.Identifier, query: sql.Composed) -> None:
        self._connection = connection
        self._key = key
        self._query = query

    def find_failing(self) -> int | None:
        """Return the lowest key whose row cannot be read, by bisection."""
        every = sql.SQL("select {key} from ({query}) as read_row order by {key}")
        statement = every.format(key=self._key, query=self._query)
        keys = [key for (key,) in self._connection.execute(statement)]
        while len(keys) > 1:
            middle = len(keys) // 2
            keys = keys[:middle] if self.fails(keys[:middle]) else keys[middle:]
        return keys[0] if keys and self.fails(keys) else None

    def fails(self, keys: Sequence[int], value: sql.Composable = _WHOLE_ROW) -> bool:
        """Return whether a value of these rows, or a whole row, cannot be written as text.

        Args:
            keys: ascending, without a gap among the query's keys.
            value: SQL of the value.
        """
        statement = sql.SQL(
            "select count(({value})::text) from ({query}) as read_row "
            "where {key} between {first} and {last}"
        ).format(
            value=value,
            query=self._query,
            key=self._key,
            first=sql.Literal(keys[0]),
            last=sql.Literal(keys[-1]),
        )
        try:
            with self._connection.transaction():  # a savepoint: the snapshot survives the error
                self._connection.execute(statement)
        except psycopg.Error as error:
            if not (error.sqlstate or "").startswith(_OF_A_ROW):
                raise
            return True
        return False
