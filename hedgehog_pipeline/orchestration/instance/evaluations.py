"""Prune evaluations of asset checks, which Dagster itself never deletes.

A sensor reports the freshness of each table every minute without a run, so deleting runs does not
delete its events; and the table of evaluations keeps its rows when a run is deleted. Dagster has no
interface for either. So this works on its tables, `event_logs` and `asset_check_executions` (a test
checks their columns), through the connection of the instance's own storage.
"""

from datetime import datetime

from dagster import DagsterEventType, DagsterInstance
from dagster._core.instance import RUNLESS_RUN_ID
from dagster._core.storage.event_log import SqlEventLogStorage, SqlEventLogStorageTable
from dagster._core.storage.event_log.schema import AssetCheckExecutionsTable
from sqlalchemy import ColumnElement, Table, delete, func, select

_ROWS_AT_A_TIME = 1000
_MAX_BATCHES = 200

_EVENTS = SqlEventLogStorageTable.c
_EVALUATIONS = AssetCheckExecutionsTable.c


def prune_evaluations(instance: DagsterInstance, before: datetime) -> int:
    """Delete the evaluations from before a time, except the latest one of each check.

    Args:
        instance: where they are recorded.
        before: aware UTC.

    Returns:
        how many were deleted, 200,000 at most; the next call continues.
    """
    storage = instance.event_log_storage
    if not isinstance(storage, SqlEventLogStorage):
        return 0
    cutoff = before.replace(tzinfo=None)  # Dagster stores UTC without a zone
    with storage.index_connection() as connection:
        each = select(func.max(_EVALUATIONS.id)).group_by(
            _EVALUATIONS.asset_key, _EVALUATIONS.check_name, _EVALUATIONS.partition
        )
        latest = list(connection.execute(each).scalars())
    _delete(
        storage,
        SqlEventLogStorageTable,
        (_EVENTS.run_id == RUNLESS_RUN_ID)
        & (_EVENTS.dagster_event_type == DagsterEventType.ASSET_CHECK_EVALUATION.value)
        & (_EVENTS.timestamp < cutoff),
    )
    old = (_EVALUATIONS.create_timestamp < cutoff) & _EVALUATIONS.id.not_in(latest)
    return _delete(storage, AssetCheckExecutionsTable, old)


def _delete(storage: SqlEventLogStorage, table: Table, which: ColumnElement[bool]) -> int:
    """Delete rows in batches, so that nobody waits long for a lock."""
    deleted = 0
    oldest = select(table.c.id).where(which).order_by(table.c.id).limit(_ROWS_AT_A_TIME)
    for _batch in range(_MAX_BATCHES):
        with storage.index_connection() as connection:
            ids = list(connection.execute(oldest).scalars())
            connection.execute(delete(table).where(table.c.id.in_(ids)))
        deleted += len(ids)
        if len(ids) < _ROWS_AT_A_TIME:
            break
    return deleted
