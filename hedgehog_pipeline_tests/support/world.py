"""The shop, lake and warehouse of a test, and the actions of tests on them."""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import date, datetime, timezone
from itertools import count
from typing import Any

import psycopg
from dagster import AssetKey, DagsterInstance, ExecuteInProcessResult
from psycopg import sql

from hedgehog_pipeline.aws import clients as aws
from hedgehog_pipeline.definitions import platform
from hedgehog_pipeline.deployment import Deployment
from hedgehog_pipeline.inbox import inbox
from hedgehog_pipeline.lake.lake import lake_in
from hedgehog_pipeline.model.columns import Column
from hedgehog_pipeline.model.tables import StarTable
from hedgehog_pipeline.runner.runner import (
    StageRun,
    detect_deletes_until_done,
    rebuild,
    run_until_done,
)
from hedgehog_pipeline.sandbox.aws import rds_secret
from hedgehog_pipeline.settings import Settings
from hedgehog_pipeline.storage.ddl import stored_columns
from hedgehog_pipeline_tests.support import shops
from hedgehog_pipeline_tests.support.demo_model import SOURCE, STAR
from hedgehog_pipeline_tests.support.servers import Servers, client

Rows = list[tuple[Any, ...]]

_NUMBERS = count()


def reset_process_caches() -> None:
    """Clear what a process caches: the platform, the lake, the inbox, the AWS clients."""
    for cached in (platform, lake_in, aws.client):
        cached.cache_clear()
    inbox._CLAIMS.clear()


@dataclass(frozen=True)
class World:
    """One deployment; `shop` is a connection as the shop's owner, in autocommit mode."""

    servers: Servers
    settings: Settings
    shop: psycopg.Connection[Any]
    shop_database: str
    warehouse_database: str

    @classmethod
    @contextmanager
    def make(
        cls, servers: Servers, *, like: "World | None" = None, **changes: Any
    ) -> Iterator["World"]:
        """Make an empty one, or one with copies of another's databases."""
        name = f"w{next(_NUMBERS)}"
        shop, warehouse = f"{name}_shop", f"{name}_warehouse"
        templates = (like.shop_database, like.warehouse_database) if like else ("template1",) * 2
        settings = servers.make_deployment(name, templates, **changes)
        with psycopg.connect(servers.postgres.dsn(shop), autocommit=True) as connection:
            if like is None:
                connection.execute(shops.SHOP_DDL)
                for table in SOURCE:
                    connection.execute(
                        sql.SQL("grant select on {} to reader").format(sql.Identifier(table))
                    )
            yield cls(servers, settings, connection, shop, warehouse)
        servers.drop_databases(shop, warehouse)
        reset_process_caches()  # a thousand cached platforms fill the memory and slow the rest

    @property
    def deployment(self) -> Deployment:
        return Deployment(self.settings)

    @property
    def environment(self) -> dict[str, str]:
        """The environment variables of this deployment."""
        settings = asdict(self.settings).items()
        return {f"HEDGEHOG_{name.upper()}": str(value) for name, value in settings if value}

    @property
    def s3(self) -> Any:
        return client("s3")

    def run(self) -> list[StageRun]:
        """`hedgehog run`."""
        return list(run_until_done(self.deployment))

    def change(self, statement: str) -> None:
        """Change the shop, and load the change."""
        self.shop.execute(statement.encode())
        self.run()

    def detect_deletes(self, *, allow_mass_delete: bool = True) -> list[StageRun]:
        """`hedgehog run --sweep`, after the run."""
        return list(detect_deletes_until_done(self.deployment, allow_mass_delete=allow_mass_delete))

    def rebuild(self) -> list[StageRun]:
        """`hedgehog rebuild`."""
        return [run for backlog in rebuild(self.deployment) for run in backlog.runs]

    def launch(self, stage: str, *tables: str, day: date | None = None) -> ExecuteInProcessResult:
        """Run a stage for a day as a person does: no commit tag, all of its tables or some.

        Without a day, it is today.
        """
        layer = {"extraction": "oltp", "processing": "star", "storage": "warehouse"}[stage]
        with DagsterInstance.ephemeral() as instance:
            return (
                platform(self.settings)
                .resolve_job_def(stage)
                .execute_in_process(
                    instance=instance,
                    partition_key=(day or datetime.now(timezone.utc).date()).isoformat(),
                    asset_selection=[AssetKey([layer, table]) for table in tables] or None,
                    run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
                )
            )

    def load_sample(self) -> None:
        shops.load_sample(self.shop)

    def load_archive(self, orders: int) -> None:
        shops.load_archive(self.shop, orders)

    def load_small(self) -> None:
        shops.load_small(self.shop)

    def connect(self) -> psycopg.Connection[Any]:
        """Open another session of the shop's owner; it begins a transaction with a statement."""
        return psycopg.connect(self.servers.postgres.dsn(self.shop_database))

    def query(self, statement: str, values: Sequence[Any] | None = None) -> Rows:
        """Query the warehouse."""
        dsn = self.servers.postgres.dsn(self.warehouse_database)
        with psycopg.connect(dsn, client_encoding="utf8") as connection:
            return connection.execute(statement.encode(), values).fetchall()

    def all_rows(self) -> dict[str, Rows]:
        """Return all rows of all star tables with their technical columns, without serial keys."""
        return {table.name: self._rows(table, stored_columns(table)) for table in STAR.values()}

    def warehouse_rows(self) -> dict[str, Rows]:
        """Return all rows of all star tables as analysts see them: only declared columns."""
        return {table.name: self._rows(table, table.columns) for table in STAR.values()}

    def _rows(self, table: StarTable, columns: Sequence[Column]) -> Rows:
        names = ", ".join(column.name for column in columns)
        order = ", ".join(table.identity)
        return self.query(f"select {names} from {table.name} order by {order}")

    def empty_warehouse(self) -> None:
        """Drop everything in the warehouse, as if nothing had ever been loaded."""
        with psycopg.connect(self.servers.postgres.dsn(self.warehouse_database)) as connection:
            connection.execute("drop schema hedgehog cascade")
            for table in STAR:
                connection.execute(sql.SQL("drop table {} cascade").format(sql.Identifier(table)))

    def new_database(self, like: str = "template1") -> str:
        """Create a database owned by the warehouse's role, empty or a copy; return its name."""
        name = f"{self.warehouse_database}_{next(_NUMBERS)}"
        with psycopg.connect(self.servers.postgres.dsn("postgres"), autocommit=True) as admin:
            create = sql.SQL("create database {} owner writer template {}")
            admin.execute(create.format(sql.Identifier(name), sql.Identifier(like)))
        return name

    def with_warehouse(self, database: str) -> "World":
        """Put another database into the warehouse's secret."""
        dsn = self.servers.postgres.dsn(database, user="writer", password="writer")
        client("secretsmanager").put_secret_value(
            SecretId=self.settings.warehouse_secret, SecretString=rds_secret(dsn)
        )
        return replace(self, warehouse_database=database)

    @contextmanager
    def copied(self) -> Iterator["World"]:
        """Yield a world with the same shop, and copies of the buckets and the warehouse."""
        number = next(_NUMBERS)
        own = ("ingestion_bucket", "processed_bucket", "warehouse_secret", "parameter_prefix")
        names = {field: f"{getattr(self.settings, field)}-{number}" for field in own}
        settings = replace(self.settings, **names)
        for field in ("ingestion_bucket", "processed_bucket"):
            bucket, copy = getattr(self.settings, field), names[field]
            self.servers.make_bucket(copy)
            for key in self.keys(bucket):
                source = {"Bucket": bucket, "Key": key}
                self.s3.copy_object(Bucket=copy, Key=key, CopySource=source)
        warehouse = self.new_database(like=self.warehouse_database)
        client("secretsmanager").create_secret(Name=settings.warehouse_secret)
        yield replace(self, settings=settings).with_warehouse(warehouse)
        self.servers.drop_databases(warehouse)

    def keys(self, bucket: str) -> list[str]:
        pages = self.s3.get_paginator("list_objects_v2").paginate(Bucket=bucket)
        return [item["Key"] for page in pages for item in page.get("Contents", [])]

    def commits(self, bucket: str) -> list[dict[str, Any]]:
        """Return the commits of a bucket, read as any S3 client would."""
        keys = [key for key in self.keys(bucket) if key.startswith("commits/")]
        return [
            json.loads(self.s3.get_object(Bucket=bucket, Key=key)["Body"].read()) for key in keys
        ]
