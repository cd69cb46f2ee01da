"""Dagster's records in PostgreSQL, through connections that stay open."""

from collections.abc import Iterator

import pytest
from dagster import DagsterInstance, StaticPartitionsDefinition, asset, materialize
from sqlalchemy import Engine, Pool, event

from hedgehog_pipeline_tests.servers import Servers

_INSTANCE = """
telemetry: {{enabled: false}}
storage:
  custom:
    module: hedgehog_pipeline.instance_storage
    class: PooledPostgresStorage
    config: {{postgres_url: "{url}"}}
"""


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


def test_a_run_opens_no_connection_where_one_ran_before(instance: DagsterInstance):
    opened: list[object] = []
    materialize([of_a_partition], instance=instance, partition_key="a")
    event.listen(Pool, "connect", note := lambda connection, _: opened.append(connection))
    try:
        materialize([of_a_partition], instance=instance, partition_key="a")
    finally:
        event.remove(Pool, "connect", note)
    assert opened == []
    assert len(instance.fetch_materializations(of_a_partition.key, limit=9).records) == 2


def test_a_run_asks_what_the_tables_look_like_once_a_process(instance: DagsterInstance):
    asked: list[str] = []
    materialize([of_a_partition], instance=instance, partition_key="a")

    def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        asked.append(statement)

    event.listen(Engine, "before_cursor_execute", note)
    try:
        materialize([of_a_partition], instance=instance, partition_key="a")
    finally:
        event.remove(Engine, "before_cursor_execute", note)
    assert asked
    assert [statement for statement in asked if "pg_catalog" in statement] == []
