"""A secret that RDS manages has only user name and password, and RDS rotates the password."""

import json
from dataclasses import replace

import boto3
import psycopg
import pytest

from hedgehog_pipeline.errors import HedgehogError
from hedgehog_pipeline.postgres.connection import read_credentials
from hedgehog_pipeline_tests.support.world import World

_ROLE = "managed"


@pytest.fixture
def managed(world: World) -> World:
    """A warehouse whose secret RDS manages, and whose address is in the settings."""
    _as_superuser(world, f"create role {_ROLE} login in role writer")
    _rotate(world, "one")
    server = world.servers.postgres.address
    settings = replace(world.settings, warehouse_address=f"{server}/{world.warehouse_database}")
    return replace(world, settings=settings)


def test_loads_continue_after_a_password_rotation(managed: World) -> None:
    managed.load_small()
    managed.run()
    _rotate(managed, "two")
    managed.shop.execute("update staff set last_name = 'Bishop'")
    managed.run()
    assert managed.query("select distinct last_name from dim_staff") == [("Bishop",)]


def test_the_secret_of_the_source_may_be_managed_as_well(world: World) -> None:
    world.load_small()
    server = world.servers.postgres.address
    _put(world.settings.source_secret, username="reader", password="reader")
    settings = replace(world.settings, source_address=f"{server}/{world.shop_database}")
    replace(world, settings=settings).run()
    assert world.query("select count(*) from fact_sales_order") == [(1,)]


def test_the_secret_overrides_the_address(world: World) -> None:
    secret = world.settings.warehouse_secret
    credentials = read_credentials(secret, "elsewhere:1/nothing", role="warehouse")
    assert credentials.dbname == world.warehouse_database
    assert credentials.host != "elsewhere"


def test_a_field_missing_in_secret_and_address_is_reported(world: World) -> None:
    _put(world.settings.warehouse_secret, username="any", password="any")
    with pytest.raises(HedgehogError, match=r"check dbname\..* HEDGEHOG_WAREHOUSE_ADDRESS"):
        read_credentials(world.settings.warehouse_secret, "server:5432", role="warehouse")


def test_a_password_in_the_address_is_not_printed(world: World) -> None:
    _put(world.settings.source_secret, username="any", password="any")
    with pytest.raises(HedgehogError, match="check dbname") as refused:
        read_credentials(
            world.settings.source_secret, "postgresql://any:hidden@server/shop", role="source"
        )
    assert "HEDGEHOG_SOURCE_ADDRESS" in str(refused.value)
    assert "hidden" not in str(refused.value)


def _rotate(world: World, password: str) -> None:
    _as_superuser(world, f"alter role {_ROLE} password '{password}'")
    _put(world.settings.warehouse_secret, username=_ROLE, password=password)


def _put(name: str, **secret: str) -> None:
    boto3.client("secretsmanager").put_secret_value(SecretId=name, SecretString=json.dumps(secret))


def _as_superuser(world: World, statement: str) -> None:
    dsn = world.servers.postgres.dsn("postgres")
    with psycopg.connect(dsn, autocommit=True) as admin:
        admin.execute(statement.encode())
