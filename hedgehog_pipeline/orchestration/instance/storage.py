"""Store Dagster's records in PostgreSQL through connections that stay open.

dagster-postgres opens a connection for each event that it writes. Its pools for the webserver
belong to one Dagster instance, and the code server makes an instance with each tick of a sensor.
Here all instances of a process share one pool, and ask only once what the tables look like.

This relies on private parts of dagster-postgres (a test checks them): each storage takes its
connections from `_engine`, made from `postgres_url` and `_token_provider`; the whole storage keeps
its three parts in `_run_storage`, `_event_log_storage` and `_schedule_storage`.
"""

from typing import TYPE_CHECKING

from dagster._core.storage.config import PostgresStorageConfig
from dagster._serdes import ConfigurableClassData
from dagster_postgres import (
    DagsterPostgresStorage,
    PostgresEventLogStorage,
    PostgresRunStorage,
    PostgresScheduleStorage,
)
from dagster_postgres.utils import get_token_provider_from_config, pg_url_from_config
from sqlalchemy import Engine

from hedgehog_pipeline.orchestration.instance.engines import Database, database

if TYPE_CHECKING:
    from dagster_postgres.auth import PgTokenProvider


class _Pooled:
    """A part of the storage that takes its connections from the pool of the process."""

    postgres_url: str
    _engine: Engine
    _token_provider: "PgTokenProvider | None"

    def __init__(
        self,
        postgres_url: str,
        *,
        should_autocreate_tables: bool = False,
        token_provider: "PgTokenProvider | None" = None,
    ) -> None:
        super().__init__(
            postgres_url,  # pyright: ignore[reportCallIssue] (of the other base class)
            should_autocreate_tables=should_autocreate_tables,
            token_provider=token_provider,
        )
        self._engine = self._database.engine

    def optimize_for_webserver(
        self, statement_timeout: int, pool_recycle: int, max_overflow: int
    ) -> None:
        """Use connections whose statements end after so many milliseconds.

        The process keeps one pool, in our size: the webserver's own pools would be one for each
        part.
        """
        del pool_recycle, max_overflow
        self._engine = database(
            self.postgres_url, self._token_provider, statement_timeout=statement_timeout
        ).engine

    @property
    def _database(self) -> Database:
        return database(self.postgres_url, self._token_provider)


class _RunStorage(_Pooled, PostgresRunStorage):
    def has_run_stats_index_cols(self) -> bool:
        return self._database.once(("run stats",), super().has_run_stats_index_cols)

    def has_backfill_id_column(self) -> bool:
        return self._database.once(("backfill id",), super().has_backfill_id_column)


class _EventLogStorage(_Pooled, PostgresEventLogStorage):
    def has_table(self, table_name: str) -> bool:
        known = super().has_table
        return self._database.once(("table", table_name), lambda: known(table_name))

    def has_asset_key_col(self, column_name: str) -> bool:
        known = super().has_asset_key_col
        return self._database.once(("asset key", column_name), lambda: known(column_name))


class _ScheduleStorage(_Pooled, PostgresScheduleStorage):
    pass


class PooledPostgresStorage(DagsterPostgresStorage):
    """`DagsterPostgresStorage`, with the same settings, but one pool per process."""

    def __init__(
        self,
        postgres_url: str,
        should_autocreate_tables: bool = True,  # noqa: FBT001, FBT002 (as its parent has it)
        inst_data: ConfigurableClassData | None = None,
        token_provider: "PgTokenProvider | None" = None,
    ) -> None:
        super().__init__(
            postgres_url,
            should_autocreate_tables=False,
            inst_data=inst_data,
            token_provider=token_provider,
        )

        def create_tables() -> bool:
            DagsterPostgresStorage(postgres_url, token_provider=token_provider)
            return True

        if should_autocreate_tables:
            database(postgres_url, token_provider).once(("created",), create_tables)
        self._run_storage = _RunStorage(postgres_url, token_provider=token_provider)
        self._event_log_storage = _EventLogStorage(postgres_url, token_provider=token_provider)
        self._schedule_storage = _ScheduleStorage(postgres_url, token_provider=token_provider)

    @classmethod
    def from_config_value(
        cls, inst_data: ConfigurableClassData | None, config_value: PostgresStorageConfig
    ) -> DagsterPostgresStorage:
        """Create the storage from the settings in dagster.yaml."""
        return cls(
            pg_url_from_config(config_value),
            config_value.get("should_autocreate_tables", True),
            inst_data,
            get_token_provider_from_config(config_value),
        )
