"""Connections that a pooler may share out, and what of their errors is an outage."""

import errno

import psycopg
import pytest
from botocore.exceptions import ClientError
from sqlalchemy.exc import OperationalError

from hedgehog_pipeline.databases import is_outage
from hedgehog_pipeline.errors import HedgehogError, UnreachableError
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


def _of_s3(code: str, status: int) -> ClientError:
    answer = {"Error": {"Code": code}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return ClientError(answer, "GetObject")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "error",
    [
        UnreachableError("away"),
        psycopg.OperationalError("the connection is lost"),
        psycopg.errors.AdminShutdown(),
        psycopg.errors.DiskFull(),
        psycopg.errors.InvalidPassword(),
        psycopg.errors.InsufficientPrivilege(),
        _of_s3("SlowDown", 503),
        _of_s3("ExpiredToken", 400),
        ConnectionResetError(),
        OSError(errno.ENOSPC, "No space left on device"),
        OperationalError("select", {}, Exception("Dagster's own database is away")),
    ],
)
def test_what_nobody_answered_is_an_outage(error: Exception) -> None:
    assert is_outage(error)
    told = HedgehogError("told")
    told.__cause__ = error
    assert is_outage(told)


@pytest.mark.parametrize(
    "error",
    [
        psycopg.errors.ProgramLimitExceeded(),
        psycopg.errors.QueryCanceled(),
        psycopg.errors.NotNullViolation(),
        _of_s3("InvalidObjectState", 403),
        _of_s3("AccessDenied", 403),
        _of_s3("KMS.DisabledException", 400),
        OSError("Couldn't deserialize thrift"),
        OverflowError(),
    ],
)
def test_what_one_commit_may_be_the_cause_of_is_no_outage(error: Exception) -> None:
    assert not is_outage(error)
