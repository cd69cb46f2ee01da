"""A shop, a lake and a warehouse for a test, and what a test does to them."""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from itertools import count
from pathlib import Path
from typing import Any

import boto3
import psycopg
from psycopg import sql

from hedgehog_pipeline import sandbox
from hedgehog_pipeline.runner import StageRun, run_until_done
from hedgehog_pipeline.sandbox.aws import AwsServer, rds_secret
from hedgehog_pipeline.sandbox.postgres import PostgresServer
from hedgehog_pipeline.schema.shop import SHOP
from hedgehog_pipeline.schema.star import STAR
from hedgehog_pipeline.settings import Settings
from hedgehog_pipeline.surroundings import Surroundings

_NUMBERS = count()
SHOP_DDL = (Path(sandbox.__file__).parent / "shop.sql").read_bytes()
SAMPLE = Path(__file__).resolve().parents[2] / "shared" / "totesys"


@dataclass(frozen=True)
class Servers:
    postgres: PostgresServer
    aws: AwsServer


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
    def make(cls, servers: Servers, **changes: Any) -> Iterator["World"]:
        name = f"w{next(_NUMBERS)}"
        shop, warehouse = f"{name}_shop", f"{name}_warehouse"
        with psycopg.connect(servers.postgres.dsn("postgres"), autocommit=True) as admin:
            _make_roles(servers)
            for database, owner in ((shop, "postgres"), (warehouse, "writer")):
                admin.execute(
                    sql.SQL("create database {} owner {}").format(
                        sql.Identifier(database), sql.Identifier(owner)
                    )
                )
        settings = Settings(
            source_secret=f"{name}/source",
            warehouse_secret=f"{name}/warehouse",
            ingestion_bucket=f"{name}-ingestion",
            processed_bucket=f"{name}-processed",
            parameter_prefix=f"/{name}",
            **changes,
        )
        s3, secrets = boto3.client("s3"), boto3.client("secretsmanager")
        for bucket in (settings.ingestion_bucket, settings.processed_bucket):
            s3.create_bucket(
                Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": "eu-west-2"}
            )
        for secret, database, user in (
            (settings.source_secret, shop, "reader"),
            (settings.warehouse_secret, warehouse, "writer"),
        ):
            dsn = servers.postgres.dsn(database, user=user, password=user)
            secrets.create_secret(Name=secret, SecretString=rds_secret(dsn))
        with psycopg.connect(servers.postgres.dsn(shop), autocommit=True) as connection:
            connection.execute(SHOP_DDL)
            for table in SHOP:
                connection.execute(
                    sql.SQL("grant select on {} to reader").format(sql.Identifier(table))
                )
            yield cls(servers, settings, connection, shop, warehouse)

    @property
    def surroundings(self) -> Surroundings:
        return Surroundings(self.settings)

    @property
    def s3(self) -> Any:
        return boto3.client("s3")

    def run(self) -> list[StageRun]:
        """`hedgehog run`."""
        return list(run_until_done(self.surroundings))

    def load_sample(self, folder: Path = SAMPLE) -> None:
        """Fill the shop with the sample of the real one, reference tables first."""
        for table in SHOP:
            copy = sql.SQL("copy {} from stdin (format csv, header match)").format(
                sql.Identifier(table)
            )
            with self.shop.cursor().copy(copy) as stream:
                stream.write((folder / f"{table}.csv").read_bytes())

    def connect(self) -> psycopg.Connection[Any]:
        """Another session of the shop's owner, in a transaction once it executes."""
        return psycopg.connect(self.servers.postgres.dsn(self.shop_database))

    def query(self, statement: str, values: Sequence[Any] | None = None) -> list[tuple[Any, ...]]:
        """Ask the warehouse."""
        dsn = self.servers.postgres.dsn(self.warehouse_database)
        with psycopg.connect(dsn) as connection:
            return connection.execute(statement.encode(), values).fetchall()

    def warehouse_rows(self) -> dict[str, list[tuple[Any, ...]]]:
        """All rows of all star tables as analysts see them: no technical columns, no serials."""
        return {
            table.name: self.query(
                f"select {', '.join(c.name for c in table.columns)} from {table.name} "
                f"order by {', '.join(table.identity)}"
            )
            for table in STAR.values()
        }

    def keys(self, bucket: str) -> list[str]:
        pages = self.s3.get_paginator("list_objects_v2").paginate(Bucket=bucket)
        return [item["Key"] for page in pages for item in page.get("Contents", [])]

    def commits(self, bucket: str) -> list[dict[str, Any]]:
        """The commits of a bucket, read as any S3 client would."""
        keys = [key for key in self.keys(bucket) if key.startswith("commits/")]
        return [
            json.loads(self.s3.get_object(Bucket=bucket, Key=key)["Body"].read()) for key in keys
        ]


@cache
def _make_roles(servers: Servers) -> None:
    with psycopg.connect(servers.postgres.dsn("postgres"), autocommit=True) as admin:
        admin.execute("create role reader login password 'reader'")
        admin.execute("create role writer login password 'writer'")
