"""S3 and the databases fail in every way in which a server or a network can fail.

A run then ends soon, well or with one error message. What it leaves is consistent, and the next
run repairs it. In the end no row is lost or doubled, and the warehouse matches the shop.
"""

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import count
from random import Random
from threading import Event, Thread
from time import monotonic
from typing import Any

import boto3
import psycopg
import pytest
from psycopg import sql

from hedgehog_pipeline.aws.clients import TIMEOUTS
from hedgehog_pipeline.errors import HedgehogError
from hedgehog_pipeline.postgres import connection as databases
from hedgehog_pipeline.sandbox.aws import rds_secret
from hedgehog_pipeline_tests.proofs.outages.proxy import Proxy
from hedgehog_pipeline_tests.proofs.torture.aftermath import Contents
from hedgehog_pipeline_tests.proofs.torture.faults import (
    S3,
    SILENT,
    SOURCE,
    WAREHOUSE,
    Always,
    AtRandom,
    DatabaseProxy,
    Kind,
    Once,
)
from hedgehog_pipeline_tests.support.capturing import assert_landed_once
from hedgehog_pipeline_tests.support.landed import landed
from hedgehog_pipeline_tests.support.odd_shop import change, place, seed
from hedgehog_pipeline_tests.support.servers import Servers
from hedgehog_pipeline_tests.support.warehouse_rows import assert_warehouse_is_the_shop
from hedgehog_pipeline_tests.support.world import World, reset_process_caches

PASSWORD = "pa55-w0rd-nobody-may-see"
_ROLES = (("reader", "far_reader"), ("writer", "far_writer"))
_MAX_SECONDS = 90.0
_RUNS = 20
_NUMBERS = count(1)


@dataclass
class Failing:
    """A world whose servers are behind proxies, which cause faults only if a test sets them."""

    world: World
    s3: Proxy
    shop: DatabaseProxy
    warehouse: DatabaseProxy
    seconds: float = 0.0

    @property
    def proxies(self) -> tuple[Proxy | DatabaseProxy, ...]:
        return self.s3, self.shop, self.warehouse

    def proxy_of(self, kind: Kind[Any]) -> Proxy | DatabaseProxy:
        server = kind.name.partition(":")[0]
        return {"shop": self.shop, "warehouse": self.warehouse}.get(server, self.s3)

    def calm(self) -> None:
        """Release held-up requests, and stop all faults."""
        for proxy in self.proxies:
            proxy.fault = lambda _: None
            proxy.released.set()
            proxy.released = Event()

    def change(self) -> None:
        """Write to the shop: a new fact, a version of a fact, and a parent of dimension rows."""
        number = next(_NUMBERS)
        place(self.world.shop)
        at = f"2026-11-03 12:{number // 60:02d}:{number % 60:02d}"
        change(self.world.shop, "1", number, at)
        self.world.shop.execute("update department set location = %s", [f"Floor {number}"])

    def run(self) -> str | None:
        """Run the stages while servers fail; return the error message, None on success."""
        began, message = monotonic(), None
        try:
            self.world.run()
        except HedgehogError as error:
            message = str(error)
            assert PASSWORD not in message
            assert "\n" not in message
        self.seconds = monotonic() - began
        assert self.seconds < _MAX_SECONDS
        self.calm()
        self._assert_whole()
        return message

    def heal(self) -> None:
        """Run again; check that the warehouse matches the shop, and that no row is doubled."""
        self.world.run()
        assert_warehouse_is_the_shop(self.world)
        assert_landed_once(self.world)
        versions = {row for row in landed(self.world) if row[0] == "sales_order"}
        ((stored,),) = self.world.query("select count(*) from fact_sales_order")
        assert stored == len(versions)
        assert self.world.run() == []

    def _assert_whole(self) -> None:
        """Check that no commit lists a missing part or is partly loaded; no row landed twice."""
        left = Contents.of(self.world)
        assert left.begun <= set(left.loaded or [])
        assert set(landed(self.world).values()) <= {1}


@pytest.fixture(scope="module")
def failing(servers: Servers) -> Iterator[Failing]:
    """A loaded shop, behind proxies, with roles whose password must not appear in messages.

    Each test leaves it repaired.
    """
    with pytest.MonkeyPatch.context() as patch, World.make(servers, part_bytes=400) as world:
        patch.setattr(databases, "SILENCE_SECONDS", 2.0)
        seed(world)
        world.run()
        s3 = Proxy(lambda endpoint=os.environ["AWS_ENDPOINT_URL"]: endpoint)
        shop, warehouse = (DatabaseProxy("127.0.0.1", servers.postgres.port) for _ in _ROLES)
        failing = Failing(world, s3, shop, warehouse)
        for proxy in failing.proxies:
            Thread(target=proxy.serve_forever, daemon=True).start()
        patch.setenv("AWS_ENDPOINT_URL_S3", s3.url)
        reset_process_caches()
        _make_roles(servers)
        _send_through(world.settings.source_secret, "far_reader", world.shop_database, shop)
        _send_through(
            world.settings.warehouse_secret, "far_writer", world.warehouse_database, warehouse
        )
        yield failing
        failing.calm()
        for proxy in failing.proxies:
            proxy.shutdown()
            proxy.server_close()


def _make_roles(servers: Servers) -> None:
    """Create roles with the rights of reader and writer, and with the password of these tests."""
    with psycopg.connect(servers.postgres.dsn("postgres"), autocommit=True) as admin:
        for role, far in _ROLES:
            if admin.execute("select from pg_roles where rolname = %s", [far]).fetchone():
                continue
            names = {"far": sql.Identifier(far), "role": sql.Identifier(role)}
            make = sql.SQL("create role {far} login password {password} in role {role}")
            admin.execute(make.format(**names, password=sql.Literal(PASSWORD)))
            admin.execute(sql.SQL("alter role {far} set role to {role}").format(**names))


def _send_through(secret: str, user: str, database: str, proxy: DatabaseProxy) -> None:
    dsn = psycopg.conninfo.make_conninfo(
        host="127.0.0.1", port=proxy.port, dbname=database, user=user, password=PASSWORD
    )
    boto3.client("secretsmanager").put_secret_value(SecretId=secret, SecretString=rds_secret(dsn))


def test_each_kind_of_fault_once_loses_and_doubles_nothing(
    failing: Failing, monkeypatch: pytest.MonkeyPatch, tell: Callable[[str], None]
):
    monkeypatch.setattr(TIMEOUTS, "read_timeout", 1)
    reset_process_caches()
    plans = [Once(*kinds) for kinds in (S3, SOURCE, WAREHOUSE)]
    ended = list[str | None]()
    began = monotonic()
    while any(plan.left for plan in plans):
        failing.change()
        for proxy, plan in zip(failing.proxies, plans, strict=True):
            proxy.fault = plan
        ended.append(failing.run())
        assert len(ended) < 20, plans
    failing.heal()
    kinds, successes = len([*S3, *SOURCE, *WAREHOUSE]), ended.count(None)
    tell(
        f"failing world, short: {kinds} kinds of failure once each in {len(ended)} runs, "
        f"of which {successes} ended well, {monotonic() - began:.0f} s"
    )


@pytest.mark.torture
@pytest.mark.parametrize("kind", [*S3, *SOURCE, *WAREHOUSE, *SILENT], ids=lambda kind: kind.name)
def test_a_lasting_fault_ends_the_run_and_the_next_run_repairs(
    failing: Failing, tell: Callable[[str], None], kind: Kind[Any]
):
    failing.change()
    failing.proxy_of(kind).fault = plan = Always(kind)
    message = failing.run()
    assert plan.count
    failing.heal()
    ended = "well" if message is None else "with an error message"
    tell(f"{kind.name}, all the time: {plan.count} times in {failing.seconds:.1f} s, ended {ended}")


@pytest.mark.torture
@pytest.mark.timeout(900)
@pytest.mark.parametrize("seed", [1, 2])
def test_random_faults_lose_and_double_nothing(
    failing: Failing, monkeypatch: pytest.MonkeyPatch, tell: Callable[[str], None], seed: int
):
    monkeypatch.setattr(TIMEOUTS, "read_timeout", 1)
    reset_process_caches()
    chance = Random(seed)
    plans = [AtRandom(chance, kinds, 0.003) for kinds in (S3, SOURCE, WAREHOUSE)]
    ended, slowest = list[str | None](), 0.0
    for _ in range(_RUNS):
        failing.change()
        for proxy, plan in zip(failing.proxies, plans, strict=True):
            proxy.fault = plan
        ended.append(failing.run())
        slowest = max(slowest, failing.seconds)
    failing.heal()
    tell(
        f"failing world, seed {seed}: {sum(plan.count for plan in plans)} failures in {_RUNS} "
        f"runs, of which {ended.count(None)} ended well, the slowest after {slowest:.1f} s"
    )
