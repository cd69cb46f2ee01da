"""Dagster's records in PostgreSQL, through connections that stay open."""

import gc
import multiprocessing
import weakref
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
import pytest
from dagster import AssetKey, DagsterInstance, StaticPartitionsDefinition, asset, materialize
from dagster_postgres import DagsterPostgresStorage
from sqlalchemy import Engine, Pool, event

from hedgehog_pipeline.orchestration.instance.storage import PooledPostgresStorage
from hedgehog_pipeline.sandbox.waiting import await_condition
from hedgehog_pipeline_tests.support.servers import Servers

_INSTANCE = """
telemetry: {{enabled: false}}
storage:
  custom:
    module: hedgehog_pipeline.orchestration.instance.storage
    class: PooledPostgresStorage
    config: {{postgres_url: "{url}"}}
"""


_MAX_IDLE = 3
"""Connections that an idle process keeps open."""


@asset(partitions_def=StaticPartitionsDefinition(["a"]))
def of_a_partition() -> None:
    pass


@pytest.fixture(scope="module")
def instance(
    servers: Servers, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[DagsterInstance]:
    servers.make_database("records", "writer", "writer", "records")
    url = f"postgresql+psycopg2://writer:writer@{servers.postgres.address}/records"
    home = tmp_path_factory.mktemp("home")
    (home / "dagster.yaml").write_text(_INSTANCE.format(url=url))
    with DagsterInstance.from_config(str(home)) as instance:
        yield instance
    servers.drop_databases("records")


@pytest.fixture
def connected(servers: Servers) -> Iterator["Connected"]:
    with psycopg.connect(servers.postgres.dsn("records"), autocommit=True) as connection:
        yield Connected(connection)


class Connected:
    """The connections to the records, as PostgreSQL sees them."""

    def __init__(self, connection: psycopg.Connection) -> None:
        self._connection = connection

    def pids(self) -> set[int]:
        query = (
            "select pid from pg_stat_activity "
            "where datname = current_database() and pid <> pg_backend_pid() "
            "and backend_type = 'client backend'"
        )
        return {pid for (pid,) in self._connection.execute(query)}

    def kill(self) -> None:
        for pid in self.pids():
            self._connection.execute("select pg_terminate_backend(%s, 5000)", [pid])


def _tick(instance: DagsterInstance) -> None:
    """Run the queries of a sensor's tick."""
    instance.get_runs(limit=1)
    instance.get_latest_materialization_event(AssetKey("of_a_partition"))
    instance.all_instigator_state()


@contextmanager
def _no_collector() -> Iterator[None]:
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def test_a_second_run_opens_no_connection(instance: DagsterInstance):
    opened: list[object] = []
    materialize([of_a_partition], instance=instance, partition_key="a")
    event.listen(Pool, "connect", note := lambda connection, _: opened.append(connection))
    try:
        materialize([of_a_partition], instance=instance, partition_key="a")
    finally:
        event.remove(Pool, "connect", note)
    assert opened == []
    assert len(instance.fetch_materializations(of_a_partition.key, limit=9).records) == 2


def test_runs_query_the_catalog_once_per_process(instance: DagsterInstance):
    statements: list[str] = []
    materialize([of_a_partition], instance=instance, partition_key="a")

    def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        statements.append(statement)

    event.listen(Engine, "before_cursor_execute", note)
    try:
        materialize([of_a_partition], instance=instance, partition_key="a")
    finally:
        event.remove(Engine, "before_cursor_execute", note)
    assert statements
    assert [statement for statement in statements if "pg_catalog" in statement] == []


def test_forty_ticks_share_the_connections_of_one(
    instance: DagsterInstance, connected: Connected
) -> None:
    ref = instance.get_ref()
    with _no_collector():
        for _tick_of_a_sensor in range(40):
            with DagsterInstance.from_ref(ref) as made:
                _tick(made)
    assert len(connected.pids()) <= _MAX_IDLE


def test_an_instance_that_is_closed_is_freed_without_the_garbage_collector(
    instance: DagsterInstance,
) -> None:
    with _no_collector():
        with DagsterInstance.from_ref(instance.get_ref()) as made:
            _tick(made)
            parts = (made.run_storage, made.event_log_storage, made.schedule_storage)
            references = [weakref.ref(kept) for kept in (made, *parts)]
        del made, parts
        assert [ref() for ref in references] == [None] * 4


def test_an_instance_that_is_closed_leaves_the_others_their_connections(
    instance: DagsterInstance, connected: Connected
) -> None:
    _tick(instance)
    before = connected.pids()
    with DagsterInstance.from_ref(instance.get_ref()) as made:
        _tick(made)
    _tick(instance)
    assert connected.pids() == before


def test_connections_that_were_killed_are_replaced(
    instance: DagsterInstance, connected: Connected
) -> None:
    _tick(instance)
    before = connected.pids()
    connected.kill()
    materialize([of_a_partition], instance=instance, partition_key="a")
    assert connected.pids()
    assert not connected.pids() & before


def test_a_forked_process_makes_connections_of_its_own(
    instance: DagsterInstance, connected: Connected
) -> None:
    _tick(instance)
    before = connected.pids()
    child = multiprocessing.get_context("fork").Process(target=_tick, args=[instance])
    child.start()
    child.join()
    assert child.exitcode == 0
    assert await_condition(lambda: connected.pids() == before, 10)
    _tick(instance)
    assert connected.pids() == before


def test_the_webserver_has_one_pool_whose_statements_end(
    instance: DagsterInstance, connected: Connected
) -> None:
    before = connected.pids()
    with DagsterInstance.from_ref(instance.get_ref()) as made:
        made.optimize_for_webserver(statement_timeout=1234, pool_recycle=9, max_overflow=99)
        _tick(made)
        opened = len(connected.pids() - before)
        with made.run_storage.connect() as connection:
            timeout = connection.exec_driver_sql("show statement_timeout").scalar()
    assert (opened, timeout) == (1, "1234ms")


def test_dagster_postgres_has_the_private_parts_that_are_replaced() -> None:
    """The private parts that `PooledPostgresStorage` relies on."""
    url = "postgresql+psycopg2://nobody@127.0.0.1:1/nothing"
    plain = DagsterPostgresStorage(url, should_autocreate_tables=False)
    pooled = PooledPostgresStorage(url, should_autocreate_tables=False)
    for name in ("_run_storage", "_event_log_storage", "_schedule_storage"):
        part, shared = vars(plain)[name], vars(pooled)[name]
        assert vars(part).keys() == vars(shared).keys()
        assert isinstance(vars(part)["_engine"], Engine)
        assert vars(part)["_token_provider"] is None
        assert vars(part)["postgres_url"] == url
        assert isinstance(shared, type(part))
    assert pooled.run_storage is vars(pooled)["_run_storage"]
    assert pooled.event_log_storage is vars(pooled)["_event_log_storage"]
    assert pooled.schedule_storage is vars(pooled)["_schedule_storage"]
