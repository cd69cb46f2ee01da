"""The warehouse's tables: created where missing, refused where they differ."""

from psycopg import Connection, sql

from hedgehog_pipeline.errors import UnfitWarehouseError
from hedgehog_pipeline.model.star import STAR, StarTable
from hedgehog_pipeline.storage.alterations import alterations, find_columns
from hedgehog_pipeline.storage.ddl import (
    CREATE_COMMITS,
    comment_on,
    create_table,
)
from hedgehog_pipeline.storage.views import View, views


def prepare_tables(connection: Connection) -> None:
    """Create the tables and views that are missing; drop and alter no table.

    A view that another version of Hedgehog made is replaced: analysts keep their rights on it.

    Raises:
        UnfitWarehouseError: where a table that is there differs from the declaration; tells the
            statements that it needs.
    """
    found = find_columns(connection)
    needed = [each for table in STAR.values() for each in alterations(table, found)]
    if needed:
        raise UnfitWarehouseError(
            "The warehouse's tables differ from the declaration. Look at these statements, then "
            f"run `hedgehog migrate`, which runs: {' '.join(n.as_string(None) for n in needed)}"
        )
    connection.execute(CREATE_COMMITS)
    for table in STAR.values():
        if table.name not in found:
            connection.execute(create_table(table))
            for comment in comment_on(table):
                connection.execute(comment)
    for view in views():
        if _comment(connection, view) != view.comment:
            _make(connection, view)


def pin_schema(connection: Connection) -> None:
    """Create what is missing where the first declared table is found, to the transaction's end.

    Where none is, it is the schema that the search path names now. One that came to stand before it
    would get what is new otherwise, such as one that has the loader's own name: `hedgehog` is
    created for a loader that is called so.
    """
    connection.execute(
        "select set_config('search_path', concat_ws(', ', quote_ident(coalesce(("
        "select nspname from unnest(%s::text[]) with ordinality as declared(name, place) "
        "join pg_class on pg_class.oid = to_regclass(quote_ident(name)) "
        "join pg_namespace on pg_namespace.oid = relnamespace order by place limit 1"
        "), current_schema())), nullif(current_setting('search_path'), '')), true)",
        [list(STAR)],
    )


def _comment(connection: Connection, view: View) -> str | None:
    query = "select obj_description(to_regclass(%s), 'pg_class')"
    found = connection.execute(query, [_quoted(*view.name.split("."))]).fetchone()
    return found[0] if found else None


def _make(connection: Connection, view: View) -> None:
    connection.execute(view.create)
    connection.execute(
        sql.SQL("comment on view {} is {}").format(
            sql.Identifier(*view.name.split(".")), sql.Literal(view.comment)
        )
    )


def has_table(connection: Connection, table: StarTable) -> bool:
    """Tell whether a table is there."""
    return _is_there(connection, _quoted(table.name))


def has_quarantine(connection: Connection) -> bool:
    """Tell whether it can be asked what is open; the view goes with a table that is dropped."""
    return _is_there(connection, "hedgehog.open_quarantine")


def _quoted(*name: str) -> str:
    """Write a name as `to_regclass` reads it, which folds the case of what is not quoted."""
    return sql.Identifier(*name).as_string()


def _is_there(connection: Connection, name: str) -> bool:
    found = connection.execute("select to_regclass(%s)", [name]).fetchone()
    return found is not None and found[0] is not None
