"""What a processed commit tells beside its rows: keys that are gone, rows that cannot be taken.

All of it is kept as it comes, each once; the views of storage/ddl.py say what holds now. So any
commit can be loaded again, in any order, at any time.
"""

from collections.abc import Iterable

import pyarrow as pa
from psycopg import Connection, sql

from hedgehog_pipeline.lake.commits import ProcessedCommit
from hedgehog_pipeline.model.side_tables import (
    QUARANTINE_ARROW,
    RESOLUTIONS_ARROW,
    TOMBSTONES_ARROW,
)
from hedgehog_pipeline.model.star import StarTable
from hedgehog_pipeline.postgres.copy_in import copy_into
from hedgehog_pipeline.storage.ddl import listed


def add_tombstones(connection: Connection, table: StarTable, parts: Iterable[pa.Table]) -> int:
    """Keep which keys of a fact were gone at which capture; give how many are new."""
    staging = sql.Identifier(f"staging_tombstones_{table.name}")
    _stage(connection, staging, sql.Identifier("hedgehog", "tombstones"), TOMBSTONES_ARROW, parts)
    return connection.execute(
        sql.SQL(
            "insert into hedgehog.tombstones (table_name, {columns}) "
            "select {name}, {columns} from {staging} on conflict do nothing"
        ).format(
            columns=listed(TOMBSTONES_ARROW.names), name=sql.Literal(table.name), staging=staging
        )
    ).rowcount


def add_quarantine(
    connection: Connection, table: StarTable, parts: Iterable[pa.Table], processed_commit: int
) -> int:
    """Keep what cannot be taken, as the latest processing tells it; give how much is new."""
    staging = sql.Identifier(f"staging_quarantine_{table.name}")
    _stage(connection, staging, sql.Identifier("hedgehog", "quarantine"), QUARANTINE_ARROW, parts)
    return connection.execute(
        sql.SQL(
            "insert into hedgehog.quarantine as held ({columns}, processed_commit) "
            "select {columns}, {commit} from {staging} "
            "on conflict (table_name, key, ingestion_commit, part, line, column_name) do update "
            "set (value, reason, processed_commit) = "
            "(excluded.value, excluded.reason, excluded.processed_commit) "
            "where held.processed_commit < excluded.processed_commit"
        ).format(
            columns=listed(QUARANTINE_ARROW.names),
            commit=sql.Literal(processed_commit),
            staging=staging,
        )
    ).rowcount


def add_resolutions(connection: Connection, table: StarTable, parts: Iterable[pa.Table]) -> None:
    """Keep which keys in quarantine came again in a row that could be taken, or were gone."""
    staging = sql.Identifier(f"staging_readmitted_{table.name}")
    _stage(connection, staging, sql.Identifier("hedgehog", "readmitted"), RESOLUTIONS_ARROW, parts)
    connection.execute(
        sql.SQL(
            "insert into hedgehog.readmitted ({columns}) "
            "select {columns} from {staging} on conflict do nothing"
        ).format(columns=listed(RESOLUTIONS_ARROW.names), staging=staging)
    )


def add_restated(
    connection: Connection, tables: Iterable[StarTable], commit: ProcessedCommit
) -> None:
    """Keep that a restatement says anew all that is wrong with the rows it was made from."""
    if commit.kind != "restatement":
        return
    read = {name for t in tables if t.subject and t.name in commit.tables for name in t.inputs}
    connection.execute(
        "insert into hedgehog.restated as held select name, number, %(anew)s "
        "from unnest(%(names)s::text[]) as name, unnest(%(numbers)s::bigint[]) as number "
        "on conflict (table_name, ingestion_commit) do update "
        "set processed_commit = greatest(held.processed_commit, excluded.processed_commit)",
        {
            "anew": commit.number,
            "names": list(read),
            "numbers": [number for number, _ in commit.sources],
        },
    )


def _stage(
    connection: Connection,
    staging: sql.Identifier,
    like: sql.Identifier,
    schema: pa.Schema,
    parts: Iterable[pa.Table],
) -> None:
    connection.execute(
        sql.SQL(
            "create temporary table {staging} on commit drop as "
            "select {columns} from {like} with no data"
        ).format(staging=staging, columns=listed(schema.names), like=like)
    )
    for part in parts:
        copy_into(connection, staging, part)
