"""Dagster's records in PostgreSQL through connections that stay open.

dagster-postgres opens a connection for each event that it writes, and a run writes about 150. What
keeps the webserver's connections open serves runs and the daemon as well. And what its tables look
like is asked once by each process.
"""

from functools import cache

from dagster._core.storage.config import PostgresStorageConfig
from dagster._serdes import ConfigurableClassData
from dagster_postgres import DagsterPostgresStorage

_KEPT_SECONDS = 3600
_MOST_MORE = 20
_NO_TIMEOUT = 0

_ASKED_AGAIN = {
    "has_table",
    "has_asset_key_col",
    "has_backfill_id_column",
    "has_run_stats_index_cols",
}
"""What of its tables Dagster asks PostgreSQL with every run or event; migrations change it."""


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
            for asked in _ASKED_AGAIN & set(dir(storage)):
                setattr(storage, asked, cache(getattr(storage, asked)))
        return made
