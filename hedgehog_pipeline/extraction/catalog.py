"""Reads the source tables from PostgreSQL's catalog."""

from collections.abc import Sequence
from typing import Any

import psycopg
from psycopg import Connection

from hedgehog_pipeline.errors import HedgehogError
from hedgehog_pipeline.extraction.drift import (
    FoundChild,
    FoundColumn,
    FoundTable,
    refuse_unreadable,
)
from hedgehog_pipeline.model.tables import SourceTable
from hedgehog_pipeline.postgres.connection import reason_of

NO_CHARACTER = (
    psycopg.errors.CharacterNotInRepertoire,
    psycopg.errors.UntranslatableCharacter,
)
"""PostgreSQL's errors for bytes that are not text in an encoding."""

_FOUND = """
    with recursive declared as (
        select name, oid, relkind::text from unnest(%s::text[]) as declared(name)
        left join pg_class on oid = to_regclass(quote_ident(name))
    ), wanted as (
        select oid, wanted.name from unnest(%s::text[], %s::text[]) as wanted(of_table, name)
        join declared on declared.name = of_table
    ), typed as (
        select attrelid, attnum, format_type(atttypid, atttypmod) as type, atttypid as base,
            attnotnull and not exists (
                select from pg_constraint where conrelid = attrelid and contype = 'n'
                and not convalidated and attnum = any(conkey)) as filled
        from declared join pg_attribute on attrelid = oid where attnum > 0 and not attisdropped
        union all
        select attrelid, attnum, type, typbasetype, filled or typnotnull
        from typed join pg_type on pg_type.oid = base where typtype = 'd'
    ), columns as (
        select attrelid as oid, json_agg(case when wanted.name is null then
            json_build_array(attname, '', '', '', 0, attnum, null, attnotnull, false, null)
        else json_build_array(
            attname, type, format_type(base, null), typcategory, base::bigint, attnum,
            case when attgenerated = 'v' then to_hex(hashtextextended(adbin::text, 0)) end,
            filled,
            exists (
                select from pg_index where indrelid = attrelid and indisunique and indisvalid
                and indnkeyatts = 1 and indkey[0] = attnum and indpred is null),
            (select json_object_agg(oid, enumlabel) from pg_enum where enumtypid = base)
        ) end order by attnum) as found
        from typed join pg_type on pg_type.oid = base and typtype <> 'd'
        join pg_attribute using (attrelid, attnum)
        left join pg_attrdef on adrelid = attrelid and adnum = attnum
        left join wanted on wanted.oid = attrelid and wanted.name = attname
        group by attrelid
    ), heirs as (
        select oid, inhrelid as heir, pg_inherits.xmin::text as attached
        from declared join pg_inherits on inhparent = oid
        union
        select heirs.oid, inhrelid, attached || ' ' || pg_inherits.xmin::text
        from heirs join pg_inherits on inhparent = heir
    ), with_rows as (
        select heirs.oid, json_agg(json_build_array(
            heir::bigint, heir::regclass::text, relkind, attached) order by heir) as found
        from heirs join pg_class on pg_class.oid = heir where relkind <> 'p'
        group by heirs.oid
    )
    select name, relkind, oid::bigint, columns.found, with_rows.found
    from declared left join columns using (oid) left join with_rows using (oid)
"""
"""Rows are in partitions, never in a partitioned table; children by INHERITS add their own.

Of an undeclared column only the name is read, so the name of its type cannot stop a capture.

It calls no function that waits for a lock, as `pg_get_expr` would.
"""


def find_tables(connection: Connection, tables: Sequence[SourceTable]) -> dict[str, FoundTable]:
    """Find tables by name, and check that they can be read as declared.

    Raises:
        HedgehogError: if one cannot, or a name cannot be decoded.
    """
    found = {
        name: FoundTable(
            kind,
            oid,
            tuple(
                FoundColumn(*column, labels=_by_oid(labels)) for *column, labels in columns or ()
            ),
            tuple(FoundChild(*child) for child in children or ()),
        )
        for name, kind, oid, columns, children in _ask_catalog(connection, tables)
    }
    refuse_unreadable(tables, found)
    return found


def _ask_catalog(connection: Connection, tables: Sequence[SourceTable]) -> list[tuple[Any, ...]]:
    """Query the catalog for tables and their columns.

    Raises:
        HedgehogError: if a name cannot be decoded; names the table.
    """
    columns = [(table.name, column.name) for table in tables for column in table.columns]
    names = [table.name for table in tables]
    try:
        return connection.execute(
            _FOUND, [names, *map(list, zip(*columns, strict=True))]
        ).fetchall()
    except NO_CHARACTER as error:
        if len(tables) > 1:
            for table in tables:
                connection.rollback()
                _ask_catalog(connection, [table])
        raise HedgehogError(
            f"A name in the table {' or '.join(names)} cannot be decoded (of a column, a declared "
            f"column's type or enum label, or a partition): {reason_of(error)}. Rename it in the "
            "source (ALTER ... RENAME)."
        ) from error


def _by_oid(labels: dict[str, str] | None) -> dict[int, str] | None:
    return {int(oid): label for oid, label in labels.items()} if labels else None
