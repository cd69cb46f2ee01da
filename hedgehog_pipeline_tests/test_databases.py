"""Connections that a pooler may share out: each transaction may meet another session."""

import psycopg

from hedgehog_pipeline.schema.shop import SHOP
from hedgehog_pipeline_tests.world import World

_OF_SESSION = """
    select 'prepared', name from pg_prepared_statements
    union all select 'setting', name from pg_settings where source = 'session'
    union all select 'lock', locktype from pg_locks
        where pid = pg_backend_pid() and locktype = 'advisory'
    union all select 'table', relname from pg_class where pg_my_temp_schema() = relnamespace
"""
_OFTEN = 8
"""psycopg prepares a statement when it comes the sixth time."""


def _kept(connection: psycopg.Connection) -> list[tuple[object, ...]]:
    return connection.execute(_OF_SESSION).fetchall()


def test_nothing_of_a_session_of_the_warehouse_outlives_its_transaction(opened: World) -> None:
    with opened.surroundings.warehouse() as warehouse:
        for _ in range(_OFTEN):
            warehouse.prepare()
            warehouse.missing(1)
            with warehouse.snapshot():
                warehouse.last_loaded()
        assert _kept(warehouse.connection) == []


def test_nothing_of_a_session_of_the_source_outlives_its_transaction(opened: World) -> None:
    with opened.surroundings.source.connected() as shop:
        for _ in range(_OFTEN):
            with shop.moment(list(SHOP.values())):
                pass
            shop.snapshot_text()
        shop.connection.read_only = None
        shop.connection.isolation_level = None
        assert _kept(shop.connection) == []
