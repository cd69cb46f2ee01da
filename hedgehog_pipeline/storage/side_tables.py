"""Load the side tables of a processed commit: tombstones, quarantine entries, resolutions.

Every entry is kept, once. The views of storage/views.py decide which entries are open, so a commit
can be loaded again, in any order, at any time.
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
from hedgehog_pipeline.model.tables import StarTable
from hedgehog_pipeline.postgres.copy_in import copy_into
from hedgehog_pipeline.postgres.identifiers import identifiers


def add_tombstones(connection: Connection, table: StarTable, parts: Iterable[pa.Table]) -> int:
    """Add the deleted keys of a fact, with the capture that saw each; return how many are new."""
    staging = sql.Identifier(f"staging_tombstones_{table.name}")
    _stage(connection, staging, sql.Identifier("hedgehog", "tombstones"), TOMBSTONES_ARROW, parts)
    return connection.execute(
        sql.SQL(
            "insert into hedgehog.tombstones (table_name, {columns}) "
            "select {name}, {columns} from {staging} on conflict do nothing"
        ).format(
            columns=identifiers(TOMBSTONES_ARROW.names),
            name=sql.Literal(table.name),
            staging=staging,
        )
    ).rowcount


def add_quarantine(
    connection: Connection, table: StarTable, parts: Iterable[pa.Table], processed_commit: int
) -> int:
    """Add quarantine entries; return how many are new or replace those of an older processing."""
    staging = sql.Identifier(f"staging_quarantine_{table.name}")
    _stage(connection, staging, sql.Identifier("hedgehog", "quarantine"), QUARANTINE_ARROW, parts)
    return connection.execute(
        sql.SQL(
            "insert into hedgehog.quarantine as stored ({columns}, processed_commit) "
            "select {columns}, {commit} from {staging} "
            "on conflict (table_name, key, ingestion_commit, part, line, column_name) do update "
            "set (value, reason, processed_commit) = "
            "(excluded.value, excluded.reason, excluded.processed_commit) "
            "where stored.processed_commit < excluded.processed_commit"
        ).format(
            columns=identifiers(QUARANTINE_ARROW.names),
            commit=sql.Literal(processed_commit),
            staging=staging,
        )
    ).rowcount


def add_resolutions(connection: Connection, table: StarTable, parts: Iterable[pa.Table]) -> None:
    """Add the quarantined keys for which a later capture saw a valid row or a deletion."""
    staging = sql.Identifier(f"staging_readmitted_{table.name}")
    _stage(connection, staging, sql.Identifier("hedgehog", "readmitted"), RESOLUTIONS_ARROW, parts)
    connection.execute(
        sql.SQL(
            "insert into hedgehog.readmitted ({columns}) "
            "select {columns} from {staging} on conflict do nothing"
        ).format(columns=identifiers(RESOLUTIONS_ARROW.names), staging=staging)
    )


def add_restated(
    connection: Connection, tables: Iterable[StarTable], commit: ProcessedCommit
) -> None:
    """Record which captures a restatement processed again: its quarantine entries replace theirs.

    A commit of another kind adds nothing.
    """
    if commit.kind != "restatement":
        return
    read = {name for t in tables if t.subject and t.name in commit.tables for name in t.inputs}
    connection.execute(
        "insert into hedgehog.restated as stored select name, number, %(restatement)s "
        "from unnest(%(names)s::text[]) as name, unnest(%(numbers)s::bigint[]) as number "
        "on conflict (table_name, ingestion_commit) do update "
        "set processed_commit = greatest(stored.processed_commit, excluded.processed_commit)",
        {
            "restatement": commit.number,
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
        ).format(staging=staging, columns=identifiers(schema.names), like=like)
    )
    for part in parts:
        copy_into(connection, staging, part)
