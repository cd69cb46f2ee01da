"""Restores the deployment of this folder: its shop, its buckets, its warehouse, its parameters."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import boto3
import psycopg

from hedgehog_pipeline_tests.integration.lake_before.make import IDENTITY, OIDS, spend_transactions
from hedgehog_pipeline_tests.support.servers import Servers
from hedgehog_pipeline_tests.support.world import World

_FOLDER = Path(__file__).parent
_COMMITS = "ingestion/commits/"


@dataclass(frozen=True)
class Fixture:
    """The files of this folder."""

    @cached_property
    def facts(self) -> dict[str, Any]:
        return json.loads((_FOLDER / "facts.json").read_text())

    @cached_property
    def objects(self) -> dict[str, bytes]:
        """The objects by their keys, which begin with `ingestion/` or `processed/`."""
        with ZipFile(_FOLDER / "buckets.zip") as archive:
            return {name: archive.read(name) for name in archive.namelist()}

    def commits(self, log: str) -> list[bytes]:
        """Return the commits of `ingestion` or `processed` as they are stored, in order."""
        return [body for key, body in self.objects.items() if key.startswith(f"{log}/commits/")]

    def statements(self, database: str) -> bytes:
        return (_FOLDER / f"{database}.sql").read_bytes()


@contextmanager
def restored(servers: Servers, fixture: Fixture) -> Iterator[World]:
    """Restore on a cluster that has given out fewer transaction ids than the fixture's."""
    settings = servers.make_deployment("before")
    names = "before_shop", "before_warehouse"
    with psycopg.connect(servers.postgres.dsn(names[0]), autocommit=True) as shop:
        world = World(servers, settings, shop, *names)
        shop.execute("create role analyst")
        shop.execute(fixture.statements("shop"))
        _commit_what_was_open(shop, fixture.facts)
        writer = servers.postgres.dsn(names[1], user="writer", password="writer")
        with psycopg.connect(writer) as warehouse:
            warehouse.execute(fixture.statements("warehouse"))
        for (setting, key), body in _objects_of_this_shop(shop, fixture):
            world.s3.put_object(Bucket=getattr(settings, setting), Key=key, Body=body)
        ssm = boto3.client("ssm")
        for name, text in fixture.facts["parameters"].items():
            ssm.put_parameter(Name=settings.parameter_prefix + name, Value=text, Type="String")
        yield world


def _commit_what_was_open(shop: psycopg.Connection[Any], facts: dict[str, Any]) -> None:
    """Commit the transaction that was open at the last capture, with the id that it had then."""
    spend_transactions(shop, facts["open_transaction"] - 1)
    shop.execute(facts["statement"])
    query = b"select xmin::text::bigint from design order by design_id desc limit 1"
    assert shop.execute(query).fetchone() == (facts["open_transaction"],)
    spend_transactions(shop, facts["next_transaction"] - 1)


def _objects_of_this_shop(
    shop: psycopg.Connection[Any], fixture: Fixture
) -> Iterator[tuple[tuple[str, str], bytes]]:
    """Yield the objects by bucket setting and key; commits name the restored shop and its oids."""
    (identity,) = shop.execute(IDENTITY).fetchone() or ()
    here = dict(shop.execute(OIDS).fetchall())
    oids = {str(oid): str(here[name]) for name, oid in fixture.facts["oids"].items()}
    for name, body in fixture.objects.items():
        bucket, _, key = name.partition("/")
        commit = name.startswith(_COMMITS)
        yield (f"{bucket}_bucket", key), _with_source(body, identity, oids) if commit else body


def _with_source(body: bytes, identity: str, oids: dict[str, str]) -> bytes:
    commit = json.loads(body)
    base = {
        name: watermark | {"fingerprint": _with_oids(watermark["fingerprint"], oids)}
        for name, watermark in commit["base"].items()
    }
    return json.dumps(commit | {"source": identity, "base": base}).encode()


def _with_oids(fingerprint: dict[str, Any], oids: dict[str, str]) -> dict[str, Any]:
    columns = {
        name: " ".join(oids.get(word, word) for word in definition.split())
        for name, definition in fingerprint["columns"].items()
    }
    labels = {oids[oid]: label for oid, label in fingerprint["labels"].items()}
    table = int(oids[str(fingerprint["table"])])
    return fingerprint | {"table": table, "columns": columns, "labels": labels}
