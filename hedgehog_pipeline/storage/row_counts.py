"""Count the rows of a warehouse table, in all and those loaded for one day."""

from datetime import date

from psycopg import Connection, sql

from hedgehog_pipeline.model.tables import StarTable

_LARGE = 256 * 1024 * 1024
"""Bytes of a table, about two million rows, up to which counting takes a fraction of a second."""


def warehouse_row_counts(connection: Connection, table: StarTable, day: date) -> dict[str, int]:
    """Return Dagster's `row_count`, and `partition_row_count`: rows of the day's processed commits.

    A large table is not counted: `row_count` is PostgreSQL's estimate where it has one, and
    `partition_row_count` is left out.
    """
    size, estimated = _size(connection, table)
    if size > _LARGE:
        return {"dagster/row_count": estimated} if estimated >= 0 else {}
    count = sql.SQL(
        "select count(*), count(*) filter (where processed_commit in "
        "(select number from hedgehog.commits where date = {})) from {}"
    ).format(sql.Literal(day), sql.Identifier(table.name))
    ((rows, of_day),) = connection.execute(count)
    return {"dagster/row_count": rows, "dagster/partition_row_count": of_day}


def is_large(connection: Connection, table: StarTable) -> bool:
    """Return whether a scan of all rows of a table takes longer than a small load."""
    size, _ = _size(connection, table)
    return size > _LARGE


def _size(connection: Connection, table: StarTable) -> tuple[int, int]:
    """Return the bytes of a table and PostgreSQL's estimate of its rows, -1 where it has none."""
    name = sql.Identifier(table.name).as_string(connection)
    query = sql.SQL(
        "select pg_table_size(oid), reltuples::bigint from pg_class where oid = {}::regclass"
    )
    ((size, rows),) = connection.execute(query.format(sql.Literal(name)))
    return size, rows
