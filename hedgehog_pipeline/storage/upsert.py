"""Load one table of one commit: COPY into a staging table, then one set-based upsert.

Where two rows have the same identity, the greater pair (ingestion commit, processed commit) wins,
never a clock. So any commit can be loaded again, in any order, at any time.
"""

from collections.abc import Iterable

import pyarrow as pa
import pyarrow.compute as pc
from psycopg import Connection, sql

from hedgehog_pipeline.model.columns import Column
from hedgehog_pipeline.model.tables import PROCESSED_COMMIT, Dimension, StarTable
from hedgehog_pipeline.postgres.copy_in import copy_into
from hedgehog_pipeline.postgres.identifiers import identifiers
from hedgehog_pipeline.storage.ddl import INFERRED, Reference, stored_names


def upsert_staged(connection: Connection, table: StarTable, processed_commit: int) -> int:
    """Upsert the staged rows of a processed commit; return how many were written.

    A staged row is skipped where the table has that version with the same or a greater pair. The
    search for such rows is bounded by the least and the greatest staged key, so that rows with new
    keys cost the same however large the table is.
    """
    conflict = sql.SQL("do update set {changes} where {older}").format(
        changes=_changes(table),
        older=sql.SQL("{older} < {newer}").format(older=_pair("stored"), newer=_pair("excluded")),
    )
    key, staging = sql.Identifier(table.key.name), _staging(table)
    extent = sql.SQL("select min({key}), max({key}) from {staging}")
    ((least, greatest),) = connection.execute(extent.format(key=key, staging=staging))
    if least is None:
        return 0
    upsert = sql.SQL(
        """
        insert into {table} as stored ({columns})
        select distinct on ({identity}) {staged} from {staging} as staged
        where not exists (
            select from {table} as known where {same} and {known_pair} >= {staged_pair}
                and known.{key} between {least} and {greatest})
        order by {identity}, ingestion_commit desc
        on conflict ({identity}) {conflict}
        """
    ).format(
        table=sql.Identifier(table.name),
        columns=identifiers(stored_names(table)),
        identity=identifiers(table.identity),
        staged=_staged(table, processed_commit),
        staging=staging,
        same=_same(table),
        key=key,
        least=sql.Literal(least),
        greatest=sql.Literal(greatest),
        known_pair=_pair("known"),
        staged_pair=sql.SQL("(staged.ingestion_commit, {}::bigint)").format(
            sql.Literal(processed_commit)
        ),
        conflict=conflict,
    )
    return connection.execute(upsert).rowcount


def infer_members(connection: Connection, wanted: Iterable[Reference], *, staged: bool) -> int:
    """Add a placeholder member for each dimension key that facts use and the dimension lacks.

    Kimball's late-arriving dimension: with the pair (0, 0), any real row replaces the placeholder.

    Args:
        wanted: the foreign keys to check.
        staged: whether to check the staged rows only, or all rows of the fact tables.

    Returns:
        How many members were added.
    """
    return sum(
        _infer(
            connection, _staging(table) if staged else sql.Identifier(table.name), column, dimension
        )
        for table, column, dimension in wanted
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
        columns=identifiers(stored_names(dimension)),
        key=sql.Identifier(dimension.key.name),
        unknown=sql.SQL("").join(sql.SQL("{}, ").format(value) for value in unknown),
        column=sql.Identifier(column.name),
        facts=facts,
    )
    return connection.execute(query).rowcount


def stage_table(
    connection: Connection,
    table: StarTable,
    parts: Iterable[pa.Table],
    *,
    append_as: int | None = None,
) -> int:
    """Copy rows into a staging table, which is dropped at the end of the transaction.

    Args:
        table: the table to load afterwards.
        parts: the rows, one part at a time.
        append_as: the processed commit under which a part that cannot conflict is copied into the
            table itself; None to stage every part.

    Returns:
        How many rows were copied into the table itself.
    """
    connection.execute(
        sql.SQL(
            "create temporary table {staging} on commit drop as "
            "select {columns} from {table} with no data"
        ).format(
            staging=_staging(table),
            columns=identifiers(table.arrow.names),
            table=sql.Identifier(table.name),
        )
    )
    appended = 0
    for part in parts:
        if append_as is not None and _cannot_conflict(connection, table, part):
            copy_into(connection, sql.Identifier(table.name), _completed(table, part, append_as))
            appended += part.num_rows
        else:
            copy_into(connection, _staging(table), part)
    connection.execute(sql.SQL("analyze {}").format(_staging(table)))
    return appended


def _cannot_conflict(connection: Connection, table: StarTable, part: pa.Table) -> bool:
    """Return whether all keys ascend above the table's greatest, and no value needs a default."""
    keys = part[table.key.name]
    ascend = pc.all(pc.greater(keys.slice(1), keys.slice(0, max(len(keys) - 1, 0))), min_count=0)
    if not part.num_rows or not ascend.as_py():
        return False
    if any(part[c.name].null_count for c in table.landed_columns if c.default and not c.nullable):
        return False
    greatest = sql.SQL("select max({}) from {}").format(
        sql.Identifier(table.key.name), sql.Identifier(table.name)
    )
    ((last,),) = connection.execute(greatest)
    return last is None or keys[0].as_py() > last


def _completed(table: StarTable, part: pa.Table, processed_commit: int) -> pa.Table:
    """Return the rows of a part with the columns that the warehouse adds."""
    commit = pa.repeat(pa.scalar(processed_commit, pa.int64()), part.num_rows)
    rows = part.append_column(PROCESSED_COMMIT.name, commit)
    if not isinstance(table, Dimension):
        return rows
    not_inferred = pa.repeat(pa.scalar(False), part.num_rows)  # noqa: FBT003 (a value)
    return rows.append_column(INFERRED.name, not_inferred)


def _staging(table: StarTable) -> sql.Identifier:
    return sql.Identifier(f"staging_{table.name}")


def _staged(table: StarTable, processed_commit: int) -> sql.Composed:
    values = [_value(column) for column in table.landed_columns]
    values.append(sql.SQL("{}::bigint").format(sql.Literal(processed_commit)))
    if isinstance(table, Dimension):
        values.append(sql.SQL("false, null").format())
    return sql.SQL(", ").join(values)


def _value(column: Column) -> sql.Composable:
    """Select a staged value, or the default: a part older than a column has no value for it."""
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
