"""Evaluations of asset checks come to an end, which Dagster itself deletes with nothing.

A sensor reports the freshness of each table every minute without a run, so no run takes its events
along; and the table of evaluations keeps its rows when a run is deleted. Dagster has no interface
for either: this works on its tables, `event_logs` and `asset_check_executions` (a test holds their
columns), through the connection of the instance's own storage.
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
    """Delete the evaluations from before a moment; the latest one of each check stays.

    Args:
        instance: where they are recorded.
        before: aware UTC.

    Returns:
        how many were deleted, 200,000 at most; the next call goes on.
    """
    storage = instance.event_log_storage
    if not isinstance(storage, SqlEventLogStorage):
        return 0
    moment = before.replace(tzinfo=None)  # Dagster stores UTC without a zone
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
        & (_EVENTS.timestamp < moment),
    )
    old = (_EVALUATIONS.create_timestamp < moment) & _EVALUATIONS.id.not_in(latest)
    return _delete(storage, AssetCheckExecutionsTable, old)


def _delete(storage: SqlEventLogStorage, table: Table, which: ColumnElement[bool]) -> int:
    """Delete rows a batch at a time, so that nobody waits for long."""
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
