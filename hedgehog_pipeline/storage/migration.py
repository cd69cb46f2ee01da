"""`hedgehog migrate`: alter the warehouse's tables to match the declaration and keep the rows."""

from collections.abc import Iterator

import psycopg
from psycopg import Connection, sql

from hedgehog_pipeline.errors import HedgehogError
from hedgehog_pipeline.model.model import Model
from hedgehog_pipeline.model.tables import Fact
from hedgehog_pipeline.storage.alterations import Found, alterations, find_columns
from hedgehog_pipeline.storage.ddl import comment_on, stored_columns
from hedgehog_pipeline.storage.foreign_keys import enforce_foreign_keys
from hedgehog_pipeline.storage.tables import prepare_tables
from hedgehog_pipeline.storage.views import current_view


def migrate_tables(connection: Connection, model: Model) -> list[str]:
    """Alter the tables that differ, within a transaction; return the statements that ran.

    Comments, current views and foreign keys become those of a new warehouse.

    Raises:
        HedgehogError: where existing rows have no value for a new column, or PostgreSQL refuses a
            statement.
    """
    found = find_columns(connection, model.star)
    _refuse_unfillable(connection, found, model)
    altered = {table: alterations(table, found) for table in model.star.values()}
    statements = [statement for of_table in altered.values() for statement in of_table]
    if statements:
        grants = list(_grants_on_views(connection, model))
        for statement in statements:
            _alter(connection, statement)
        prepare_tables(connection, model.star)
        comments = [comment for table in altered if altered[table] for comment in comment_on(table)]
        for statement in (*grants, *comments):
            connection.execute(statement)
        enforce_foreign_keys(connection, model.star)
    return [statement.as_string(connection) for statement in statements]


def _refuse_unfillable(connection: Connection, found: Found, model: Model) -> None:
    unfillable = [
        f"{table.name}.{column.name}"
        for table in model.star.values()
        if table.name in found
        for column in stored_columns(table)
        if column.name not in found[table.name] and not column.nullable and column.default is None
        if _has_rows(connection, table.name)
    ]
    if unfillable:
        raise HedgehogError(
            f"The warehouse lacks {', '.join(unfillable)}, declared not null, and its existing "
            "rows have no value for it. Nothing was altered. Declare it nullable, or with a "
            f"default, in {model.module_name('star')}, then run `hedgehog migrate` again."
        )


def _has_rows(connection: Connection, name: str) -> bool:
    query = sql.SQL("select exists (select from {})").format(sql.Identifier(name))
    row = connection.execute(query).fetchone()
    return row is not None and bool(row[0])


def _alter(connection: Connection, statement: sql.Composed) -> None:
    try:
        connection.execute(statement)
    except psycopg.Error as error:
        reasons = [error.diag.message_primary or str(error), error.diag.message_detail]
        raise HedgehogError(
            f"PostgreSQL refuses to run {statement.as_string(connection)} "
            f"{'; '.join(reason for reason in reasons if reason)}. Nothing was altered. Alter the "
            "table by hand (with USING, or after dropping what depends on it), or declare the "
            "column as it is."
        ) from error


def _grants_on_views(connection: Connection, model: Model) -> Iterator[sql.Composed]:
    """Read the grants on the current views: a view that is dropped and created loses them."""
    query = """
        select relname, privilege_type, coalesce(rolname, 'public'), is_grantable
        from pg_class cross join aclexplode(relacl) left join pg_roles on pg_roles.oid = grantee
        where pg_class.oid = to_regclass(quote_ident(relname)) and relname = any(%s)
          and grantee <> relowner
    """
    views = [current_view(table) for table in model.star.values() if isinstance(table, Fact)]
    for view, privilege, role, grantable in connection.execute(query, [views]):
        yield sql.SQL("grant {privilege} on {view} to {role} {option}").format(
            privilege=sql.SQL(privilege),
            view=sql.Identifier(view),
            role=sql.SQL("public") if role == "public" else sql.Identifier(role),
            option=sql.SQL("with grant option" if grantable else ""),
        )
