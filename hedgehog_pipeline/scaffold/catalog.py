"""Read the tables of a source from PostgreSQL's catalog."""

from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter

import psycopg
from psycopg import Connection

from hedgehog_pipeline.errors import HedgehogError
from hedgehog_pipeline.postgres.connection import reason_of


@dataclass(frozen=True)
class DraftColumn:
    """A column of a source table, as found in the catalog.

    Attributes:
        type: its type as PostgreSQL formats it; for a domain, the base type.
        base: the type without length and precision.
        category: PostgreSQL's category of the type (`pg_type.typcategory`).
        comment: its comment in the database, if any.
        refers_to: the table whose primary key a foreign key of only this column refers to.
    """

    name: str
    type: str
    base: str
    category: str
    not_null: bool
    comment: str | None
    refers_to: str | None


@dataclass(frozen=True)
class DraftTable:
    """A source table, as found in the catalog.

    Attributes:
        comment: its comment in the database, if any.
        key: the columns of its primary key.
        columns: its columns, in order.
    """

    name: str
    comment: str | None
    key: tuple[str, ...]
    columns: tuple[DraftColumn, ...]


_TABLES = """
    with recursive found as (
        select oid, relname, obj_description(oid, 'pg_class') as comment,
            (select conkey from pg_constraint where conrelid = pg_class.oid and contype = 'p')
                as key
        from pg_class
        where relkind in ('r', 'p') and not relispartition and pg_table_is_visible(oid)
            and relnamespace in
                (select oid from pg_namespace where nspname = any(current_schemas(false)))
            and has_table_privilege(oid, 'select')
    ), typed as (
        select attrelid, attnum, atttypid as type, atttypmod as modifier
        from found join pg_attribute on attrelid = oid where attnum > 0 and not attisdropped
        union all
        select attrelid, attnum, typbasetype, typtypmod
        from typed join pg_type on pg_type.oid = type where typtype = 'd'
    )
    select relname, found.comment, attnum = any(key), attname,
        format_type(type, modifier), format_type(type, null), typcategory::text,
        attnotnull, col_description(attrelid, attnum),
        (select min(other.relname) from pg_constraint
            join found as other on other.oid = confrelid
            where conrelid = attrelid and contype = 'f' and conkey = array[attnum]
                and confkey = other.key)
    from found
    join typed on attrelid = found.oid
    join pg_type on pg_type.oid = type and typtype <> 'd'
    join pg_attribute using (attrelid, attnum)
    order by relname, attnum
"""


def read_tables(connection: Connection) -> list[DraftTable]:
    """Read the tables on the search path that the role may read, ordered by name.

    Raises:
        HedgehogError: if the catalog cannot be read.
    """
    try:
        rows = connection.execute(_TABLES).fetchall()
    except psycopg.Error as error:
        raise HedgehogError(
            f"The source's catalog could not be read: {reason_of(error)}. Run again."
        ) from error
    tables: list[DraftTable] = []
    for (name, comment), of_table in groupby(rows, key=itemgetter(0, 1)):
        columns = [(in_key, DraftColumn(*column)) for _, _, in_key, *column in of_table]
        key = tuple(column.name for in_key, column in columns if in_key)
        tables.append(DraftTable(name, comment, key, tuple(column for _, column in columns)))
    return tables
