"""Read the versions of one key from the warehouse, and the deletions of a fact."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timezone
from typing import Any

from psycopg import sql
from psycopg.rows import dict_row

from hedgehog_pipeline.model.tables import (
    DELETED,
    INGESTION_COMMIT,
    PROCESSED_COMMIT,
    Fact,
    StarTable,
)
from hedgehog_pipeline.postgres.identifiers import identifiers
from hedgehog_pipeline.storage.ddl import INFERRED, INFERRED_SINCE
from hedgehog_pipeline.storage.views import current_view
from hedgehog_pipeline.storage.warehouse import Warehouse

Key = int | date
"""The key as the source has it; a day for a date dimension."""


@dataclass(frozen=True)
class WarehouseRow:
    """A row of the warehouse.

    Attributes:
        row: the columns that analysts query.
        ingestion_commit: the commit that saw it last, 0 for an inferred member.
        processed_commit: the commit that transformed it, 0 for an inferred member.
        loaded_at: when the load of that commit was committed, aware UTC; None where only some
            tables of the commit were loaded, which records no time.
        current: whether the `..._current` view shows it; in a dimension, whether it is not deleted.
        deleted: whether a member of a dimension was deleted in the source.
        inferred_since: when it was inferred, aware UTC; None for a row that has landed.
    """

    row: Mapping[str, Any]
    ingestion_commit: int
    processed_commit: int
    loaded_at: datetime | None
    current: bool
    deleted: bool
    inferred_since: datetime | None


def rows_of_key(warehouse: Warehouse, table: StarTable, key: Key) -> Iterator[WarehouseRow]:
    """Read the rows of a key, the latest last."""
    query = sql.SQL(
        "select stored.*, commits.loaded_at, {current} as current "
        "from {table} as stored left join hedgehog.commits on number = processed_commit "
        "where {key} = %(key)s order by {pair}, {identity}"
    ).format(
        table=sql.Identifier(table.name),
        current=_is_current(table),
        key=sql.Identifier(table.key.name),
        pair=identifiers([INGESTION_COMMIT.name, PROCESSED_COMMIT.name]),
        identity=identifiers(table.identity),
    )
    with warehouse.connection.cursor(row_factory=dict_row) as cursor:
        for row in cursor.execute(query, {"key": key}):
            yield WarehouseRow(
                {column.name: row[column.name] for column in table.columns if column.name in row},
                row[INGESTION_COMMIT.name],
                row[PROCESSED_COMMIT.name],
                _utc(row["loaded_at"]),
                row["current"],
                row.get(DELETED.name, False),
                _utc(row.get(INFERRED_SINCE.name)) if row.get(INFERRED.name) else None,
            )


def deletions_of_key(warehouse: Warehouse, table: StarTable, key: Key) -> list[int]:
    """List the ingestion commits that saw a key of a fact deleted, in order."""
    if not isinstance(table, Fact):
        return []
    query = (
        "select ingestion_commit from hedgehog.tombstones "
        "where table_name = %s and key = %s order by ingestion_commit"
    )
    return [number for (number,) in warehouse.connection.execute(query, [table.name, key])]


def _is_current(table: StarTable) -> sql.Composed:
    """Return the SQL of `current`; with the key pushed into the view, it is cheap."""
    if not isinstance(table, Fact):
        return sql.SQL("not stored.{}").format(sql.Identifier(DELETED.name))
    return sql.SQL("stored.{serial} in (select {serial} from {view} where {key} = %(key)s)").format(
        serial=sql.Identifier(table.serial),
        view=sql.Identifier(current_view(table)),
        key=sql.Identifier(table.key.name),
    )


def _utc(timestamp: datetime | None) -> datetime | None:
    return timestamp.astimezone(timezone.utc) if timestamp else None
