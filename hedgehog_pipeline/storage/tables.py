"""The warehouse's tables: created where missing, refused where they differ."""

from psycopg import Connection, sql

from hedgehog_pipeline.errors import HedgehogError
from hedgehog_pipeline.schema.star import STAR, Dimension, Fact, StarTable
from hedgehog_pipeline.storage.ddl import (
    CREATE_COMMITS,
    comment_on,
    create_current_view,
    create_open_quarantine,
    create_table,
    current_view,
    stored_columns,
)


def prepare_tables(connection: Connection) -> None:
    """Create the tables and views that are missing; drop and alter nothing.

    Raises:
        HedgehogError: where a table that is there lacks a column or has one of another type;
            tells the ALTER that it needs.
    """
    found = _found_columns(connection)
    alterations = [alter for table in STAR.values() for alter in _alterations(table, found)]
    if alterations:
        raise HedgehogError(
            "The warehouse's tables differ from the declaration. Hedgehog alters none by itself; "
            f"look at it and run: {' '.join(alterations)}"
        )
    connection.execute(CREATE_COMMITS)
    for table in STAR.values():
        if table.name not in found:
            connection.execute(create_table(table))
            for comment in comment_on(table):
                connection.execute(comment)
        if isinstance(table, Fact) and current_view(table) not in found:
            connection.execute(create_current_view(table))
    if not _is_there(connection, "hedgehog.open_quarantine"):
        connection.execute(create_open_quarantine())


def has_table(connection: Connection, table: StarTable) -> bool:
    """Tell whether a table is there."""
    return _is_there(connection, table.name)


def _is_there(connection: Connection, name: str) -> bool:
    found = connection.execute("select to_regclass(%s)", [name]).fetchone()
    return found is not None and found[0] is not None


_FOUND = """
    select c.relname, a.attname, format_type(a.atttypid, a.atttypmod)
    from pg_class c join pg_attribute a on a.attrelid = c.oid
    where c.oid = to_regclass(c.relname) and c.relname = any(%s) and a.attnum > 0
      and not a.attisdropped
"""


def _found_columns(connection: Connection) -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = {}
    views = [current_view(table) for table in STAR.values() if isinstance(table, Fact)]
    for table, column, kind in connection.execute(_FOUND, [[*STAR, *views]]):
        found.setdefault(table, {})[column] = kind
    return found


def _alterations(table: Dimension | Fact, found: dict[str, dict[str, str]]) -> list[str]:
    if table.name not in found:
        return []
    alterations: list[str] = []
    for column in stored_columns(table):
        has = found[table.name].get(column.name)
        if has == column.type.sql:
            continue
        change = "alter table {} add column {} {};"
        if has is not None:
            change = "alter table {} alter column {} type {};"
        alterations.append(
            sql.SQL(change)
            .format(
                sql.Identifier(table.name),
                sql.Identifier(column.name),
                sql.SQL(column.type.sql),  # type: ignore[arg-type]
            )
            .as_string(None)
        )
    return alterations
