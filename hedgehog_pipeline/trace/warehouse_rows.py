"""What the warehouse holds of one key: its versions, the deletions of a fact."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timezone
from typing import Any

from psycopg import sql
from psycopg.rows import dict_row

from hedgehog_pipeline.model.star import (
    DELETED,
    INGESTION_COMMIT,
    PROCESSED_COMMIT,
    Fact,
    StarTable,
)
from hedgehog_pipeline.storage.ddl import INFERRED, INFERRED_SINCE, listed
from hedgehog_pipeline.storage.views import current_view
from hedgehog_pipeline.storage.warehouse import Warehouse

Key = int | date
"""The key of a star table in the shop's terms; of the table of days a day."""


@dataclass(frozen=True)
class WarehouseRow:
    """A row of the warehouse.

    Attributes:
        row: the columns that analysts query.
        ingestion_commit: the capture that saw it, 0 of an inferred member.
        processed_commit: the processing that shaped it, 0 of an inferred member.
        loaded_at: when the load of that processing was committed, aware UTC; None where a load of
            some tables alone brought it, which is marked nowhere.
        current: whether the `..._current` view shows it; of a dimension, whether the shop holds it.
        deleted: of a dimension, whether the shop holds it no more.
        inferred_since: since when it stands in for a row not landed yet, aware UTC; None of others.
    """

    row: Mapping[str, Any]
    ingestion_commit: int
    processed_commit: int
    loaded_at: datetime | None
    current: bool
    deleted: bool
    inferred_since: datetime | None


def rows_of_key(warehouse: Warehouse, table: StarTable, key: Key) -> Iterator[WarehouseRow]:
    """Read the rows of a key, the one captured last at the end."""
    query = sql.SQL(
        "select held.*, commits.loaded_at, {current} as current "
        "from {table} as held left join hedgehog.commits on number = processed_commit "
        "where {key} = %(key)s order by {pair}, {identity}"
    ).format(
        table=sql.Identifier(table.name),
        current=_is_current(table),
        key=sql.Identifier(table.key.name),
        pair=listed([INGESTION_COMMIT.name, PROCESSED_COMMIT.name]),
        identity=listed(table.identity),
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
    """List the ingestion commits that saw a fact's key gone, in order."""
    query = (
        "select ingestion_commit from hedgehog.tombstones "
        "where table_name = %s and key = %s order by ingestion_commit"
    )
    return [number for (number,) in warehouse.connection.execute(query, [table.name, key])]


def _is_current(table: StarTable) -> sql.Composed:
    """Tell whether a row is shown; the key goes into the view, which it makes cheap."""
    if not isinstance(table, Fact):
        return sql.SQL("not held.{}").format(sql.Identifier(DELETED.name))
    return sql.SQL("held.{serial} in (select {serial} from {view} where {key} = %(key)s)").format(
        serial=sql.Identifier(table.serial),
        view=sql.Identifier(current_view(table)),
        key=sql.Identifier(table.key.name),
    )


def _utc(moment: datetime | None) -> datetime | None:
    return moment.astimezone(timezone.utc) if moment else None
