"""A server that does not answer ends in an error with a message, not in an endless wait."""

import socket
from collections.abc import Iterator
from threading import Thread
from time import monotonic

import boto3
import pytest

from hedgehog_pipeline.aws.clients import TIMEOUTS
from hedgehog_pipeline.errors import HedgehogError
from hedgehog_pipeline.postgres import connection as databases
from hedgehog_pipeline.sandbox.aws import rds_secret
from hedgehog_pipeline_tests.proofs.torture.faults import DatabaseProxy, line_silent
from hedgehog_pipeline_tests.support.world import World, reset_process_caches


@pytest.fixture
def deaf() -> Iterator[str]:
    """An endpoint that accepts connections and does not answer."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"http://127.0.0.1:{server.getsockname()[1]}"


def test_a_silent_s3_is_asked_three_times(world: World, deaf: str, monkeypatch: pytest.MonkeyPatch):
    assert TIMEOUTS.read_timeout * 3 < 60  # the time limit of a Dagster tick
    monkeypatch.setattr(TIMEOUTS, "read_timeout", 1)
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", deaf)
    reset_process_caches()
    began = monotonic()
    with pytest.raises(HedgehogError, match=r"S3 could not look for .* Read timeout"):
        world.run()
    assert 3 <= monotonic() - began < 15


@pytest.fixture
def line(world: World) -> Iterator[DatabaseProxy]:
    """A proxy in front of the warehouse."""
    with DatabaseProxy("127.0.0.1", world.servers.postgres.port) as proxy:
        Thread(target=proxy.serve_forever, daemon=True).start()
        dsn = world.servers.postgres.dsn(world.warehouse_database, user="writer", password="writer")
        through = dsn.replace(f"port={world.servers.postgres.port}", f"port={proxy.port}")
        boto3.client("secretsmanager").put_secret_value(
            SecretId=world.settings.warehouse_secret, SecretString=rds_secret(through)
        )
        yield proxy
        proxy.released.set()
        proxy.shutdown()


def test_a_warehouse_that_does_not_answer_is_disconnected(
    world: World, line: DatabaseProxy, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(databases, "SILENCE_SECONDS", 1.0)
    line.fault = lambda text: line_silent if "advisory" in text else None
    with (
        pytest.raises(HedgehogError, match="failed: it has not answered for 1 seconds"),
        world.deployment.warehouse() as warehouse,
    ):
        warehouse.prepare()


def test_a_statement_may_run_for_a_while(world: World, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(databases, "SILENCE_SECONDS", 2.0)
    with world.deployment.warehouse() as warehouse:
        warehouse.connection.execute("select pg_sleep(0.5)")


def test_a_server_that_disappears_is_noticed_within_a_minute(world: World):
    with (
        world.deployment.warehouse() as warehouse,
        socket.socket(fileno=socket.dup(warehouse.connection.fileno())) as line,
    ):
        options = (socket.TCP_KEEPIDLE, socket.TCP_KEEPINTVL, socket.TCP_KEEPCNT)
        idle, interval, count = (line.getsockopt(socket.IPPROTO_TCP, option) for option in options)
        assert line.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
        assert idle + interval * count <= 60
        assert line.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) <= 60_000
