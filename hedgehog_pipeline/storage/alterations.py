"""Compare the warehouse's tables with their declaration; write the statements that align them."""

from collections.abc import Mapping
from dataclasses import dataclass

from psycopg import Connection, sql

from hedgehog_pipeline.model.tables import Fact, StarTable
from hedgehog_pipeline.storage.ddl import column_definition, stored_columns
from hedgehog_pipeline.storage.views import current_view


@dataclass(frozen=True)
class StoredColumn:
    """A column that the warehouse has.

    Attributes:
        type: its type as PostgreSQL writes it.
        required: whether each row has to give it a value: it is NOT NULL and has no default.
    """

    type: str
    required: bool


Found = Mapping[str, Mapping[str, StoredColumn]]
"""The columns, in order, of each declared table and current view that exists."""

_FOUND = """
    select c.relname, a.attname, format_type(a.atttypid, a.atttypmod),
           a.attnotnull and not a.atthasdef and a.attidentity = ''
    from pg_class c join pg_attribute a on a.attrelid = c.oid
    where c.oid = to_regclass(quote_ident(c.relname)) and c.relname = any(%s) and a.attnum > 0
      and not a.attisdropped order by a.attnum
"""


def find_columns(connection: Connection, star: Mapping[str, StarTable]) -> Found:
    """Read the columns of the existing tables and views from the catalog."""
    found: dict[str, dict[str, StoredColumn]] = {}
    views = [current_view(table) for table in star.values() if isinstance(table, Fact)]
    for relation, column, *rest in connection.execute(_FOUND, [[*star, *views]]):
        found.setdefault(relation, {})[column] = StoredColumn(*rest)
    return found


def alterations(table: StarTable, found: Found) -> list[sql.Composed]:
    """Return the statements that turn a table into what is declared, none for a missing table.

    A column that is not declared, or is declared nullable, loses its NOT NULL: new rows may have
    no value for it.
    """
    columns = found.get(table.name)
    if columns is None:
        return []
    changes: list[sql.Composed] = []
    retyped = False
    for column in stored_columns(table):
        name, existing = sql.Identifier(column.name), columns.get(column.name)
        if existing is None:
            changes.append(sql.SQL("add column {}").format(column_definition(column)))
        elif existing.type != column.type.sql:
            kind = sql.SQL(column.type.sql)  # type: ignore[arg-type]
            changes.append(sql.SQL("alter column {} type {}").format(name, kind))
            retyped = True
    needed = {column.name for column in stored_columns(table) if not column.nullable}
    changes.extend(
        sql.SQL("alter column {} drop not null").format(sql.Identifier(name))
        for name, existing in columns.items()
        if existing.required and name not in needed
    )
    alter = sql.SQL("alter table {} {};")
    statements = [alter.format(sql.Identifier(table.name), change) for change in changes]
    if changes and isinstance(table, Fact) and _blocks(table, found, retyped=retyped):
        drop = sql.SQL("drop view {};").format(sql.Identifier(current_view(table)))
        statements.insert(0, drop)
    return statements


def _blocks(table: Fact, found: Found, *, retyped: bool) -> bool:
    """Return whether the current view must be dropped first.

    PostgreSQL replaces a view in place only where its columns stay and new ones follow them.
    """
    view = list(found.get(current_view(table), ()))
    return bool(view) and (retyped or view != list(found[table.name])[: len(view)])
