"""The sandbox of the benchmark, with any number of lakes and warehouses."""

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict

from hedgehog_pipeline.lake.batch import batch_time
from hedgehog_pipeline.lake.bucket import Bucket
from hedgehog_pipeline.lake.commits import IngestionCommit
from hedgehog_pipeline.lake.log import CommitLog
from hedgehog_pipeline.sandbox.aws import rds_secret
from hedgehog_pipeline.sandbox.databases import WRITER
from hedgehog_pipeline.sandbox.s3 import S3Server, create_buckets
from hedgehog_pipeline.sandbox.sandbox import Sandbox
from hedgehog_pipeline_tests.proofs.benchmark import stage_alone
from hedgehog_pipeline_tests.proofs.benchmark.measured import Cost, cost_of_command
from hedgehog_pipeline_tests.support.repository import REPOSITORY

LAYERS = ("INGESTION", "PROCESSED")

_HEDGEHOG = Path(sys.executable).parent / "hedgehog"


def with_our_code(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the environment with this repository in PYTHONPATH."""
    return {**environment, "PYTHONPATH": str(REPOSITORY)}


def as_url(dsn: str, scheme: str = "postgresql") -> str:
    """Return a connection string as a URL, for other tools."""
    parts = conninfo_to_dict(dsn)
    return "{}://{user}:{password}@{host}:{port}/{dbname}".format(scheme, **parts)


@dataclass(frozen=True)
class BenchmarkTarget:
    """A lake and a warehouse of their own, for the one shop."""

    folder: Path
    environment: dict[str, str]
    warehouse: str
    s3: S3Server

    def hedgehog(self, *words: str) -> Cost:
        """Run a hedgehog command; return its cost."""
        return cost_of_command([_HEDGEHOG, *words], self.folder, self.environment)

    def run(self) -> tuple[Cost, Cost]:
        """Run `hedgehog run`; return its cost, and the cost without its start-up."""
        end, began = self._ingestion.end(), datetime.now(timezone.utc)
        whole = self.hedgehog("run")
        first = next(self._ingestion.after(end))
        start_up = (batch_time(first.batch) - began).total_seconds()
        return whole, Cost(whole.seconds - start_up)

    def killed_run(self, after: float) -> int:
        """Kill `hedgehog run` after so many seconds; return how many rows it had landed."""
        quiet = subprocess.DEVNULL
        process = subprocess.Popen(
            [_HEDGEHOG, "run"], cwd=self.folder, env=self.environment, stdout=quiet, stderr=quiet
        )
        with suppress(subprocess.TimeoutExpired):
            process.wait(after)
        process.kill()
        process.wait()
        return sum(commit.rows for commit in self._ingestion.after(0))

    def stage(self, stage: str, runs: int = 1) -> Cost:
        """Process all pending commits of a stage, with so many parallel runs; return the cost."""
        command = [sys.executable, "-m", stage_alone.__name__, stage, str(runs)]
        return cost_of_command(command, self.folder, with_our_code(self.environment))

    def bytes_in(self, layer: str) -> int:
        """Return the total size of the objects in a bucket."""
        pages = self.s3.client().get_paginator("list_objects_v2")
        return sum(
            item["Size"]
            for page in pages.paginate(Bucket=self.environment[f"HEDGEHOG_{layer}_BUCKET"])
            for item in page.get("Contents", [])
        )

    @property
    def _ingestion(self) -> CommitLog[IngestionCommit]:
        bucket = Bucket(self.s3.client(), self.environment["HEDGEHOG_INGESTION_BUCKET"])
        return CommitLog(bucket, IngestionCommit)

    def on_what_landed_in(self, other: "BenchmarkTarget") -> "BenchmarkTarget":
        """Return this deployment with the ingestion bucket of another one."""
        landed = {"HEDGEHOG_INGESTION_BUCKET": other.environment["HEDGEHOG_INGESTION_BUCKET"]}
        return replace(self, environment={**self.environment, **landed})

    def with_s3(self, endpoint: str) -> "BenchmarkTarget":
        """Return this deployment with another S3 endpoint."""
        return replace(self, environment={**self.environment, "AWS_ENDPOINT_URL_S3": endpoint})


class Workbench:
    """The servers of the benchmark, and its one shop."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox
        self._numbers = count(1)

    @classmethod
    @contextmanager
    def make(cls, orders: int) -> Iterator["Workbench"]:
        """Run a sandbox in a temporary folder, with so many orders in its shop."""
        with TemporaryDirectory() as folder:
            sandbox = Sandbox(Path(folder) / ".sandbox")
            sandbox.up(orders)
            try:
                yield cls(sandbox)
            finally:
                sandbox.down()

    @property
    def shop(self) -> str:
        """The connection string of the shop, as its owner."""
        return self._sandbox.shop_dsn()

    def empty_database(self, name: str) -> str:
        """Create an empty database; return its connection string as superuser."""
        with psycopg.connect(self._sandbox.postgres.dsn("postgres"), autocommit=True) as admin:
            create = sql.SQL("create database {} owner {}")
            admin.execute(create.format(sql.Identifier(name), sql.Identifier(WRITER)))
        return self._sandbox.postgres.dsn(name)

    def deployment(self) -> BenchmarkTarget:
        """Create a deployment with an empty lake and an empty warehouse."""
        number = next(self._numbers)
        warehouse = f"warehouse_{number}"
        names = {
            "HEDGEHOG_INGESTION_BUCKET": f"ingestion-{number}",
            "HEDGEHOG_PROCESSED_BUCKET": f"processed-{number}",
            "HEDGEHOG_PARAMETER_PREFIX": f"/hedgehog-{number}",
            "HEDGEHOG_WAREHOUSE_SECRET": f"hedgehog/warehouse-{number}",
        }
        dsn = self.empty_database(warehouse)
        password = self._sandbox._settings()["passwords"][WRITER]
        secret = rds_secret(self._sandbox.postgres.dsn(warehouse, user=WRITER, password=password))
        environment = self._sandbox.environment()
        self._sandbox.aws.seed(
            {names["HEDGEHOG_WAREHOUSE_SECRET"]: secret},
            log_group=environment["HEDGEHOG_LOG_GROUP"],
            topic="hedgehog-alerts",
        )
        buckets = [names["HEDGEHOG_INGESTION_BUCKET"], names["HEDGEHOG_PROCESSED_BUCKET"]]
        create_buckets(self._sandbox.s3.client(), buckets)
        whole = {**os.environ, **environment, **names}
        return BenchmarkTarget(self._sandbox.folder.parent, whole, dsn, self._sandbox.s3)
