"""The servers that all tests of a process share, and the deployments made on them."""

import os
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import boto3
import psycopg
from psycopg import sql

from hedgehog_pipeline.sandbox.aws import AwsServer, rds_secret
from hedgehog_pipeline.sandbox.clients import REGION
from hedgehog_pipeline.sandbox.postgres import PostgresServer
from hedgehog_pipeline.settings import Settings


@cache
def client(service: str) -> Any:
    """Return the tests' client of an AWS service; making one takes longer than most requests."""
    return boto3.client(service)


@dataclass(frozen=True)
class Servers:
    postgres: PostgresServer
    aws: AwsServer

    def make_deployment(
        self, name: str, templates: tuple[str, str] = ("template1", "template1"), **changes: Any
    ) -> Settings:
        """Make the databases `<name>_shop` and `<name>_warehouse`, their secrets and two buckets.

        The databases are copies of the templates.
        """
        settings = Settings(
            source_secret=f"{name}/source",
            warehouse_secret=f"{name}/warehouse",
            ingestion_bucket=f"{name}-ingestion",
            processed_bucket=f"{name}-processed",
            parameter_prefix=f"/{name}",
            **changes,
        )
        shop, warehouse = templates
        self.make_database(f"{name}_shop", "postgres", "reader", settings.source_secret, shop)
        self.make_database(
            f"{name}_warehouse", "writer", "writer", settings.warehouse_secret, warehouse
        )
        self.make_bucket(settings.ingestion_bucket)
        self.make_bucket(settings.processed_bucket)
        return settings

    def make_database(
        self, name: str, owner: str, user: str, secret: str, template: str = "template1"
    ) -> None:
        """Make a copy of a database, and the secret with its credentials."""
        _make_roles(self)
        with psycopg.connect(self.postgres.dsn("postgres"), autocommit=True) as admin:
            create = sql.SQL("create database {} owner {} template {} strategy file_copy")
            admin.execute(create.format(*map(sql.Identifier, (name, owner, template))))
        dsn = self.postgres.dsn(name, user=user, password=user)
        client("secretsmanager").create_secret(Name=secret, SecretString=rds_secret(dsn))

    def drop_databases(self, *names: str) -> None:
        """Drop databases, even while someone is connected: autovacuum visits each of them."""
        with psycopg.connect(self.postgres.dsn("postgres"), autocommit=True) as admin:
            for name in names:
                drop = sql.SQL("drop database if exists {} with (force)")
                admin.execute(drop.format(sql.Identifier(name)))

    def make_bucket(self, name: str) -> None:
        """Make an empty bucket."""
        client("s3").create_bucket(
            Bucket=name, CreateBucketConfiguration={"LocationConstraint": "eu-west-2"}
        )


@cache
def _make_roles(servers: Servers) -> None:
    with psycopg.connect(servers.postgres.dsn("postgres"), autocommit=True) as admin:
        admin.execute("create role reader login password 'reader'")
        admin.execute("create role writer login password 'writer'")


@contextmanager
def running_servers() -> Generator[Servers, None, None]:
    """Start both servers, and point boto3's default session at the emulator.

    Not in pytest's own folder: another pytest on this machine would lock PostgreSQL's user out.
    """
    with (
        TemporaryDirectory() as temporary,
        PostgresServer((folder := Path(temporary)) / "postgres", durable=False) as postgres,
    ):
        aws = AwsServer(folder / "aws", lambda: ("test", "test")).start()
        os.environ.update(
            AWS_ENDPOINT_URL=aws.endpoint,
            AWS_REGION=REGION,
            AWS_DEFAULT_REGION=REGION,
            AWS_ACCESS_KEY_ID="test",
            AWS_SECRET_ACCESS_KEY="test",
        )
        for name in ("AWS_ENDPOINT_URL_S3", "DAGSTER_HOME"):
            os.environ.pop(name, None)
        boto3.setup_default_session()
        yield Servers(postgres, aws)
        aws.stop()
