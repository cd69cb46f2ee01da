"""A deployment with its own model, driven by the command line as people use it."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from itertools import count
from pathlib import Path
from typing import Any

import boto3
import psycopg

from hedgehog_pipeline.settings import Settings
from hedgehog_pipeline_tests.support.repository import REPOSITORY
from hedgehog_pipeline_tests.support.servers import Servers

_NUMBERS = count()

Ended = subprocess.CompletedProcess[str]


@dataclass(frozen=True)
class OtherShop:
    """A source, a lake and a warehouse; `shop` is a connection of the source's owner."""

    settings: Settings
    shop: psycopg.Connection[Any]
    warehouse: str
    place: Path

    @classmethod
    @contextmanager
    def make(cls, servers: Servers, model: str, ddl: str, place: Path) -> Iterator["OtherShop"]:
        """Create the source by `ddl`; the folder `place` has a model outside of this repository."""
        name = f"another{next(_NUMBERS)}"
        settings = servers.make_deployment(name, model=model)
        dsn, warehouse = map(servers.postgres.dsn, (f"{name}_shop", f"{name}_warehouse"))
        with psycopg.connect(dsn, autocommit=True) as connection:
            connection.execute(ddl.encode())
            connection.execute("grant select on all tables in schema public to reader")
            yield cls(settings, connection, warehouse, place)

    def hedgehog(self, *words: str) -> Ended:
        """Run the command in its own process, configured by environment variables."""
        return self.python("from hedgehog_pipeline.cli import main; main()", *words)

    def python(self, code: str, *words: str) -> Ended:
        """Run Python with the deployment's model and settings."""
        settings = {f"HEDGEHOG_{k.upper()}": str(v) for k, v in asdict(self.settings).items() if v}
        path = {"PYTHONPATH": os.pathsep.join([str(REPOSITORY), str(self.place)])}
        return subprocess.run(
            [sys.executable, "-c", code, *words],
            cwd=self.place,
            env=os.environ | settings | path,
            capture_output=True,
            text=True,
            check=False,
        )

    def query(self, statement: str) -> list[tuple[Any, ...]]:
        """Query the warehouse."""
        with psycopg.connect(self.warehouse, client_encoding="utf8") as connection:
            connection.execute("set timezone = 'UTC'")
            return connection.execute(statement.encode()).fetchall()

    def upload(self, table: str, csv: str) -> None:
        """Upload a file to the inbox."""
        bucket, key = self.settings.ingestion_bucket, f"inbox/{table}/uploaded.csv"
        boto3.client("s3").put_object(Bucket=bucket, Key=key, Body=csv.encode())
