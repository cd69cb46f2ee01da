"""Dagster's records in PostgreSQL through connections that stay open.

dagster-postgres opens a connection for each event that it writes, and a run writes about 150. What
keeps the webserver's connections open serves runs and the daemon as well.
"""

from functools import cache
from typing import cast

from dagster._core.storage.config import PostgresStorageConfig
from dagster._serdes import ConfigurableClassData
from dagster_postgres import DagsterPostgresStorage, PostgresEventLogStorage

_KEPT_SECONDS = 3600
_MOST_MORE = 20
_NO_TIMEOUT = 0


class PooledPostgresStorage(DagsterPostgresStorage):
    """As `DagsterPostgresStorage`, whose settings it takes.

    A process keeps a connection open for each of runs, events and schedules, and opens more while
    several threads ask.
    """

    @classmethod
    def from_config_value(
        cls, inst_data: ConfigurableClassData | None, config_value: PostgresStorageConfig
    ) -> DagsterPostgresStorage:
        """Make it of the settings in dagster.yaml."""
        made = super().from_config_value(inst_data, config_value)
        for storage in (made.run_storage, made.event_log_storage, made.schedule_storage):
            storage.optimize_for_webserver(
                statement_timeout=_NO_TIMEOUT, pool_recycle=_KEPT_SECONDS, max_overflow=_MOST_MORE
            )
        # It asks with each materialization whether a table is there, through one connection more.
        events = cast("PostgresEventLogStorage", made.event_log_storage)
        events.has_table = cache(events.has_table)
        return made
