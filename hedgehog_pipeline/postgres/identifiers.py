"""Names of tables and columns in SQL."""

from collections.abc import Iterable

from psycopg import sql


def identifiers(names: Iterable[str]) -> sql.Composed:
    """Write names of tables or columns as quoted identifiers, with commas between them."""
    return sql.SQL(", ").join(map(sql.Identifier, names))
