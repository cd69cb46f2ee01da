"""Create the warehouse's missing tables and views; refuse tables that differ."""

from collections.abc import Iterable, Mapping

from psycopg import Connection, sql

from hedgehog_pipeline.errors import UnfitWarehouseError
from hedgehog_pipeline.model.tables import StarTable
from hedgehog_pipeline.storage.alterations import alterations, find_columns
from hedgehog_pipeline.storage.ddl import (
    CREATE_COMMITS,
    comment_on,
    create_table,
)
from hedgehog_pipeline.storage.views import View, views

_ENCODINGS = {"UTF8", "SQL_ASCII"}
"""Encodings of a database that can store every text of the source."""


def refuse_encoding(connection: Connection) -> None:
    """Refuse a database that cannot store every text: a commit is loaded whole or not at all.

    Raises:
        UnfitWarehouseError: if its encoding is another one.
    """
    encoding = connection.info.parameter_status("server_encoding")
    if encoding not in _ENCODINGS:
        raise UnfitWarehouseError(
            f"The warehouse database {connection.info.dbname} is in the encoding {encoding}, which "
            "lacks characters that the source may have. Create one with ENCODING 'UTF8' TEMPLATE "
            "template0, name it in the warehouse's secret, and run `hedgehog rebuild`."
        )


def prepare_tables(connection: Connection, star: Mapping[str, StarTable]) -> None:
    """Create the missing tables and views; never drop or alter a table.

    A view of another version of Hedgehog is replaced; grants on it stay.

    Raises:
        UnfitWarehouseError: where the database cannot store every text, or an existing table
            differs from its declaration; the message lists the statements that `hedgehog migrate`
            would run.
    """
    refuse_encoding(connection)
    found = find_columns(connection, star)
    needed = [statement for table in star.values() for statement in alterations(table, found)]
    if needed:
        raise UnfitWarehouseError(
            "The warehouse's tables differ from the declaration. Review these statements, then "
            f"run `hedgehog migrate`, which runs: {' '.join(n.as_string(None) for n in needed)}"
        )
    connection.execute(CREATE_COMMITS)
    for table in star.values():
        if table.name not in found:
            connection.execute(create_table(table))
            for comment in comment_on(table):
                connection.execute(comment)
    for view in views(star):
        if _comment(connection, view) != view.comment:
            _create(connection, view)


def pin_schema(connection: Connection, star: Iterable[str]) -> None:
    """Create new objects in the schema of the first existing table, until the transaction ends.

    Where none exists, they go to the search path's first schema. Without the pin, a schema that
    was put before it later would get the new objects. One way to get there: the default search
    path begins with a schema of the loader's own name, and `hedgehog` is created for a loader
    named `hedgehog`.
    """
    connection.execute(
        "select set_config('search_path', concat_ws(', ', quote_ident(coalesce(("
        "select nspname from unnest(%s::text[]) with ordinality as declared(name, place) "
        "join pg_class on pg_class.oid = to_regclass(quote_ident(name)) "
        "join pg_namespace on pg_namespace.oid = relnamespace order by place limit 1"
        "), current_schema())), nullif(current_setting('search_path'), '')), true)",
        [list(star)],
    )


def _comment(connection: Connection, view: View) -> str | None:
    query = "select obj_description(to_regclass(%s), 'pg_class')"
    found = connection.execute(query, [_quoted(*view.name.split("."))]).fetchone()
    return found[0] if found else None


def _create(connection: Connection, view: View) -> None:
    connection.execute(view.create)
    connection.execute(
        sql.SQL("comment on view {} is {}").format(
            sql.Identifier(*view.name.split(".")), sql.Literal(view.comment)
        )
    )


def has_table(connection: Connection, table: StarTable) -> bool:
    """Return whether the warehouse has a table."""
    return _exists(connection, _quoted(table.name))


def has_quarantine(connection: Connection) -> bool:
    """Return whether the view of open entries exists: dropping a table can cascade to it."""
    return _exists(connection, "hedgehog.open_quarantine")


def _quoted(*name: str) -> str:
    """Quote a name for `to_regclass`, which folds the case of an unquoted one."""
    return sql.Identifier(*name).as_string()


def _exists(connection: Connection, name: str) -> bool:
    found = connection.execute("select to_regclass(%s)", [name]).fetchone()
    return found is not None and found[0] is not None
