"""A deployment with a model of its own, driven as people drive it: by the command."""

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
from hedgehog_pipeline_tests.servers import Servers

_ROOT = Path(__file__).parents[2]
_NUMBERS = count()

Ended = subprocess.CompletedProcess[str]


@dataclass(frozen=True)
class Deployment:
    """A shop, a lake and a warehouse; `shop` is a connection of its owner in autocommit mode."""

    settings: Settings
    shop: psycopg.Connection[Any]
    warehouse: str
    place: Path

    @classmethod
    @contextmanager
    def make(cls, servers: Servers, model: str, ddl: str, place: Path) -> Iterator["Deployment"]:
        """Fill a shop; a model that is not in this repository stands in the folder `place`."""
        name = f"another{next(_NUMBERS)}"
        settings = servers.make_deployment(name, model=model)
        dsn, warehouse = map(servers.postgres.dsn, (f"{name}_shop", f"{name}_warehouse"))
        with psycopg.connect(dsn, autocommit=True) as connection:
            connection.execute(ddl.encode())
            connection.execute("grant select on all tables in schema public to reader")
            yield cls(settings, connection, warehouse, place)

    def hedgehog(self, *words: str) -> Ended:
        """Run the command in a process of its own, to which the variables name everything."""
        return self.python("from hedgehog_pipeline.cli import main; main()", *words)

    def python(self, code: str, *words: str) -> Ended:
        """Run Python where the model is the deployment's."""
        named = {f"HEDGEHOG_{k.upper()}": str(v) for k, v in asdict(self.settings).items() if v}
        found = {"PYTHONPATH": os.pathsep.join([str(_ROOT), str(self.place)])}
        return subprocess.run(
            [sys.executable, "-c", code, *words],
            cwd=self.place,
            env=os.environ | named | found,
            capture_output=True,
            text=True,
            check=False,
        )

    def query(self, statement: str) -> list[tuple[Any, ...]]:
        """Ask the warehouse."""
        with psycopg.connect(self.warehouse, client_encoding="utf8") as connection:
            connection.execute("set timezone = 'UTC'")
            return connection.execute(statement.encode()).fetchall()

    def bring(self, table: str, csv: str) -> None:
        """Put a file into the inbox."""
        bucket, key = self.settings.ingestion_bucket, f"inbox/{table}/brought.csv"
        boto3.client("s3").put_object(Bucket=bucket, Key=key, Body=csv.encode())
