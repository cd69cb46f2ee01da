"""The ground of the examples: fast copies of one small deployment.

PostgreSQL copies shop and warehouse; its transaction ids continue. In the buckets only the objects
that an example changed are restored. The first commit contains the oid of the source database;
each copy replaces it.
"""

from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from itertools import count
from typing import Any

import boto3
import psycopg
from botocore.config import Config
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict

from hedgehog_pipeline.aws.parameters import Parameters
from hedgehog_pipeline.extraction.source import Source
from hedgehog_pipeline.inbox import inbox
from hedgehog_pipeline.lake.lake import Lake
from hedgehog_pipeline.lake.log import commit_key
from hedgehog_pipeline.postgres.connection import Credentials
from hedgehog_pipeline_tests.proofs.torture.machine.oracle import Oracle
from hedgehog_pipeline_tests.proofs.torture.machine.stages import Stages
from hedgehog_pipeline_tests.proofs.torture.machine.trade import REFERENCE_ROWS
from hedgehog_pipeline_tests.support.history import keep_history
from hedgehog_pipeline_tests.support.servers import Servers
from hedgehog_pipeline_tests.support.world import World

_SLICE_ROWS = 12
_QUICK = Config(
    parameter_validation=False,
    request_checksum_calculation="when_required",
    response_checksum_validation="when_required",
)
"""What a client may skip with an emulator."""

_OID = "select oid::text from pg_database where datname = %s"


class Ground:
    """A deployment after its initial load, and copies of it, one at a time."""

    def __init__(self, world: World, admin: psycopg.Connection[Any]) -> None:
        self.s3 = boto3.client("s3", config=_QUICK)
        self._world = world
        self._admin = admin
        self._names = count()
        self._ssm = boto3.client("ssm")
        self._oracle = Oracle(world.shop)
        self._fill()
        self._objects = {
            bucket: {key: self.body(bucket, key) for key in world.keys(bucket)}
            for bucket in (world.settings.ingestion_bucket, world.settings.processed_bucket)
        }

    @classmethod
    @contextmanager
    def make(cls, servers: Servers) -> Iterator["Ground"]:
        dsn = servers.postgres.dsn("postgres")
        with World.make(servers) as world, psycopg.connect(dsn, autocommit=True) as admin:
            world.shop.execute(REFERENCE_ROWS)
            keep_history(world)
            yield cls(world, admin)

    @contextmanager
    def copy(self) -> Iterator["Copy"]:
        """Create a copy, after the one before has ended."""
        number = next(self._names)
        names = [
            f"{name}_{number}"
            for name in (self._world.shop_database, self._world.warehouse_database)
        ]
        self.create(names[0], self._world.shop_database)
        self.create(names[1], self._world.warehouse_database)
        self._restore_buckets(names[0])
        inbox._CLAIMS.clear()
        with ExitStack() as stack:
            yield Copy(self, *names, stack)
        for name in names:
            self.drop(name)

    def connect(self, database: str) -> psycopg.Connection[Any]:
        """Return a session of the shop's owner, in autocommit mode."""
        return psycopg.connect(self._world.servers.postgres.dsn(database), autocommit=True)

    def create(self, database: str, like: str) -> None:
        statement = sql.SQL("create database {} template {} strategy file_copy owner {}").format(
            sql.Identifier(database),
            sql.Identifier(like),
            sql.Identifier("postgres" if "shop" in database else "writer"),
        )
        self._admin.execute(statement)

    def drop(self, database: str) -> None:
        self._admin.execute(
            sql.SQL("drop database {} with (force)").format(sql.Identifier(database))
        )

    def stages(self, shop: str, warehouse: str, slice_rows: int) -> Stages:
        settings = self._world.settings
        return Stages(
            Lake.of(self.s3, settings.ingestion_bucket, settings.processed_bucket),
            Source(self._credentials(shop, "reader"), None),
            self._credentials(warehouse, "writer"),
            slice_rows,
        )

    def oracle(self, shop: psycopg.Connection[Any]) -> Oracle:
        """Return an oracle with the state after the initial load."""
        known = self._oracle
        shown = {table: set(versions) for table, versions in known.shown.items()}
        return Oracle(shop, dict(known.landed), shown, known=set(known.known))

    def parameters(self) -> Parameters:
        return Parameters(self._ssm, self._world.settings.parameter_prefix)

    def delete(self, bucket: str, keys: Iterable[str]) -> None:
        objects = [{"Key": key} for key in keys]
        if objects:
            self.s3.delete_objects(Bucket=bucket, Delete={"Objects": objects})

    def body(self, bucket: str, key: str) -> bytes:
        return self.s3.get_object(Bucket=bucket, Key=key)["Body"].read()

    def _fill(self) -> None:
        """Load the shop into the warehouse."""
        world = self._world
        stages = self.stages(world.shop_database, world.warehouse_database, 1000)
        with stages.extracting() as extraction:
            extraction.write()
            commit = extraction.append()
            assert commit is not None
            self._oracle.captured(extraction.result(commit))
        with stages.extracting() as extraction:
            self._oracle.captured(extraction.result(None))
        processed = stages.process([commit])
        with stages.warehouse() as warehouse:
            assert processed is not None
            stages.load(warehouse, processed)
            assert not warehouse.is_building()
        world.shop.close()

    def _restore_buckets(self, shop: str) -> None:
        settings = self._world.settings
        was, now = (self._oid(name) for name in (self._world.shop_database, shop))
        for bucket, objects in self._objects.items():
            there = set(self._world.keys(bucket))
            self.delete(bucket, there - set(objects))
            first = commit_key(1)  # an example that emptied the bucket has created another one
            for key in {first} | set(objects) - there:
                body = objects[key]
                if (bucket, key) == (settings.ingestion_bucket, first):
                    body = body.replace(b'/%s"' % was, b'/%s"' % now)
                self.s3.put_object(Bucket=bucket, Key=key, Body=body)

    def _oid(self, database: str) -> bytes:
        found = self._admin.execute(_OID, [database]).fetchone()
        assert found is not None
        return found[0].encode()

    def _credentials(self, database: str, user: str) -> Credentials:
        dsn = conninfo_to_dict(self._world.servers.postgres.dsn(database))
        return Credentials(
            host=str(dsn["host"]),
            port=int(dsn["port"] or 0),
            username=user,
            password=user,  # type: ignore[arg-type]
            dbname=database,
        )


class Copy:
    """The deployment of one example.

    Attributes:
        oracle: computes the expected results.
        parameters: those in SSM.
    """

    def __init__(self, ground: Ground, shop: str, warehouse: str, stack: ExitStack) -> None:
        self._ground = ground
        self._shop = shop
        self._warehouse = warehouse
        self._stack = stack
        self._sessions: list[psycopg.Connection[Any]] = []
        self.stages = ground.stages(shop, warehouse, _SLICE_ROWS)
        self.oracle = ground.oracle(self.connect())
        self.parameters = ground.parameters()
        self._analyst = self._connect_to_warehouse()

    def connect(self) -> psycopg.Connection[Any]:
        """Return another session of the shop's owner, in autocommit mode."""
        session = self._stack.enter_context(self._ground.connect(self._shop))
        self._sessions.append(session)
        return session

    def in_each_session(self, statement: str) -> None:
        """Execute a statement in all sessions of the shop's owner."""
        for session in self._sessions:
            session.execute(statement.encode())

    def query(self, statement: str) -> set[tuple[Any, ...]]:
        """Query the warehouse; check that no row is returned twice."""
        rows = self._analyst.execute(statement.encode()).fetchall()
        assert len(rows) == len(set(rows)), f"twice: {rows}"
        return set(rows)

    def empty_warehouse(self) -> None:
        self._analyst.close()
        self._ground.drop(self._warehouse)
        self._ground.create(self._warehouse, "template1")
        self._analyst = self._connect_to_warehouse()

    def empty_processed_bucket(self) -> None:
        bucket = self.stages.lake.processed.bucket
        self._ground.delete(bucket.name, [found.key for found in bucket.objects("")])

    def _connect_to_warehouse(self) -> psycopg.Connection[Any]:
        return self._stack.enter_context(self._ground.connect(self._warehouse))

    def put(self, key: str, body: bytes) -> None:
        """Upload a file to the ingestion bucket."""
        self._ground.s3.put_object(
            Bucket=self.stages.lake.ingestion.bucket.name, Key=key, Body=body
        )

    def lose_parameters(self) -> None:
        client, prefix = self.parameters.client, self.parameters.prefix
        found = client.get_parameters_by_path(Path=prefix)["Parameters"]
        if found:
            client.delete_parameters(Names=[parameter["Name"] for parameter in found])
