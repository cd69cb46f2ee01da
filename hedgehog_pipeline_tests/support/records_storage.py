"""An instance whose records are in the tests' PostgreSQL."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from dagster import DagsterInstance

from hedgehog_pipeline_tests.support.servers import Servers


@contextmanager
def pooled_instance(servers: Servers, home: Path, database: str) -> Iterator[DagsterInstance]:
    """Open an instance with its own database, which is dropped at the end."""
    servers.make_database(database, "writer", "writer", database)
    url = f"postgresql+psycopg2://writer:writer@{servers.postgres.address}/{database}"
    storage = {
        "module": "hedgehog_pipeline.orchestration.instance.storage",
        "class": "PooledPostgresStorage",
        "config": {"postgres_url": url},
    }
    overrides = {"storage": {"custom": storage}, "telemetry": {"enabled": False}}
    with DagsterInstance.local_temp(str(home), overrides=overrides) as instance:
        yield instance
    servers.drop_databases(database)
