"""One table of one commit into the warehouse: staging by COPY, then one set-based upsert.

Where two rows claim one identity, the greater pair (ingestion commit, processed commit) wins,
never a clock; so any commit can be loaded again, in any order, at any time.
"""

import io
from collections.abc import Iterable, Sequence

import pyarrow as pa
from psycopg import Connection, sql
from pyarrow import csv

from hedgehog_pipeline.schema.columns import Column
from hedgehog_pipeline.schema.star import Dimension, StarTable
from hedgehog_pipeline.storage.ddl import listed, references, stored_names


def upsert_staged(connection: Connection, table: StarTable, processed_commit: int) -> int:
    """Load the staged rows of a processed commit; give how many were written.

    Rows of which the warehouse holds the same version with the same or a greater pair are left
    alone.
    """
    conflict = sql.SQL("do update set {changes} where {older}").format(
        changes=_changes(table),
        older=sql.SQL("{older} < {newer}").format(older=_pair("held"), newer=_pair("excluded")),
    )
    upsert = sql.SQL(
        """
        insert into {table} as held ({columns})
        select distinct on ({identity}) {staged} from {staging} as staged
        where not exists (
            select from {table} as known where {same} and {known_pair} >= {staged_pair})
        order by {identity}, ingestion_commit desc
        on conflict ({identity}) {conflict}
        """
    ).format(
        table=sql.Identifier(table.name),
        columns=listed(stored_names(table)),
        identity=listed(table.identity),
        staged=_staged(table, processed_commit),
        staging=_staging(table),
        same=_same(table),
        known_pair=_pair("known"),
        staged_pair=sql.SQL("(staged.ingestion_commit, {}::bigint)").format(
            sql.Literal(processed_commit)
        ),
        conflict=conflict,
    )
    return connection.execute(upsert).rowcount


def infer_members(connection: Connection, tables: Iterable[StarTable], *, staged: bool) -> int:
    """Add a member to a dimension wherever a fact mentions a key that it lacks; give how many.

    Kimball's late arriving dimension: the pair (0, 0) lets any true row replace it.

    Args:
        connection: in the transaction that loads.
        tables: the tables whose references are followed.
        staged: whether only the rows just staged are looked at, or all.
    """
    wanted = {table.name for table in tables}
    return sum(
        _infer(
            connection, _staging(table) if staged else sql.Identifier(table.name), column, dimension
        )
        for table, column, dimension in references()
        if table.name in wanted
    )


def _infer(
    connection: Connection,
    facts: sql.Identifier,
    column: Column,
    dimension: StarTable,
) -> int:
    unknown = [
        sql.SQL(other.unknown or other.default or "null")  # type: ignore[arg-type]
        for other in dimension.columns[1:]
    ]
    query = sql.SQL(
        """
        insert into {dimension} ({columns})
        select {key}, {unknown} 0, false, 0, true, now()
        from (select distinct {column} as {key} from {facts}) as mentioned
        where {key} is not null
          and not exists (select from {dimension} as known where known.{key} = mentioned.{key})
        on conflict do nothing
        """
    ).format(
        dimension=sql.Identifier(dimension.name),
        columns=listed(stored_names(dimension)),
        key=sql.Identifier(dimension.key.name),
        unknown=sql.SQL("").join(sql.SQL("{}, ").format(value) for value in unknown),
        column=sql.Identifier(column.name),
        facts=facts,
    )
    return connection.execute(query).rowcount


def stage_table(connection: Connection, table: StarTable, parts: Iterable[pa.Table]) -> None:
    """Copy rows into a staging table, which lives until the transaction ends."""
    connection.execute(
        sql.SQL(
            "create temporary table {staging} on commit drop as "
            "select {columns} from {table} with no data"
        ).format(
            staging=_staging(table),
            columns=_columns_of_parts(table),
            table=sql.Identifier(table.name),
        )
    )
    copy_into(connection, _staging(table), table.arrow.names, parts)
    connection.execute(sql.SQL("analyze {}").format(_staging(table)))


def copy_into(
    connection: Connection,
    staging: sql.Identifier,
    columns: Sequence[str],
    parts: Iterable[pa.Table],
) -> None:
    """Copy rows into the columns of a table."""
    copy = sql.SQL("copy {staging} ({columns}) from stdin (format csv)").format(
        staging=staging, columns=listed(columns)
    )
    with connection.cursor().copy(copy) as stream:
        for part in parts:
            sink = io.BytesIO()
            # Arrow quotes every string and no NULL, which is how COPY tells them apart.
            csv.write_csv(part, sink, csv.WriteOptions(include_header=False))
            stream.write(sink.getbuffer())


def _staging(table: StarTable) -> sql.Identifier:
    return sql.Identifier(f"staging_{table.name}")


def _columns_of_parts(table: StarTable) -> sql.Composed:
    return listed(table.arrow.names)


def _staged(table: StarTable, processed_commit: int) -> sql.Composed:
    values = [_value(column) for column in table.landed_columns]
    values.append(sql.SQL("{}::bigint").format(sql.Literal(processed_commit)))
    if isinstance(table, Dimension):
        values.append(sql.SQL("false, null").format())
    return sql.SQL(", ").join(values)


def _value(column: Column) -> sql.Composable:
    """Select a staged value; a part that is older than a column has nothing to put into it."""
    if column.nullable or column.default is None:
        return sql.Identifier(column.name)
    default = sql.SQL(column.default)  # type: ignore[arg-type]
    return sql.SQL("coalesce({}, {})").format(sql.Identifier(column.name), default)


def _changes(table: StarTable) -> sql.Composed:
    return sql.SQL(", ").join(
        sql.SQL("{name} = excluded.{name}").format(name=sql.Identifier(name))
        for name in stored_names(table)
        if name not in table.identity
    )


def _same(table: StarTable) -> sql.Composed:
    return sql.SQL(" and ").join(
        sql.SQL("known.{name} = staged.{name}").format(name=sql.Identifier(name))
        for name in table.identity
    )


def _pair(alias: str) -> sql.Composed:
    return sql.SQL("({alias}.ingestion_commit, {alias}.processed_commit)").format(
        alias=sql.Identifier(alias)
    )
