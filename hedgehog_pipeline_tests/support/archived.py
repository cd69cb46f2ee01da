"""A small shop with its initial load in the warehouse: most tests begin with a copy of it.

PostgreSQL copies the databases, whose transaction ids go on as before. The commit of the initial
load names its shop by the oid of the database, which is replaced in each copy.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from hedgehog_pipeline.lake.log import commit_key
from hedgehog_pipeline_tests.support.servers import Servers, client
from hedgehog_pipeline_tests.support.world import World

_BUCKETS = ("ingestion_bucket", "processed_bucket")


@dataclass(frozen=True)
class Archived:
    """One such deployment, which no test changes; contents of its buckets and parameters."""

    world: World
    oid: str
    objects: dict[tuple[str, str], bytes]
    parameters: dict[str, str]

    @classmethod
    @contextmanager
    def make(cls, servers: Servers) -> Iterator["Archived"]:
        with World.make(servers) as world:
            world.load_small()
            world.run()
            oid = _oid(world)
            world.shop.close()
            objects = {
                (field, key): world.s3.get_object(Bucket=bucket, Key=key)["Body"].read()
                for field in _BUCKETS
                for bucket in [getattr(world.settings, field)]
                for key in world.keys(bucket)
            }
            yield cls(world, oid, objects, _parameters(world))

    @contextmanager
    def copy(self) -> Iterator[World]:
        with World.make(self.world.servers, like=self.world) as world:
            s3 = world.s3
            oids = [b'/%s"' % oid.encode() for oid in (self.oid, _oid(world))]
            for (field, key), body in self.objects.items():
                first = (field, key) == (_BUCKETS[0], commit_key(1))
                bucket = getattr(world.settings, field)
                s3.put_object(Bucket=bucket, Key=key, Body=body.replace(*oids) if first else body)
            ssm = client("ssm")
            for name, text in self.parameters.items():
                full = world.settings.parameter_prefix + name
                ssm.put_parameter(Name=full, Value=text, Type="String")
            yield world


def _oid(world: World) -> str:
    """Return the oid of the shop's database."""
    query = "select oid::text from pg_database where datname = current_database()"
    (found,) = world.shop.execute(query).fetchall()
    return found[0]


def _parameters(world: World) -> dict[str, str]:
    prefix = world.settings.parameter_prefix
    found = client("ssm").get_parameters_by_path(Path=prefix, Recursive=True)["Parameters"]
    return {each["Name"].removeprefix(prefix): each["Value"] for each in found}
