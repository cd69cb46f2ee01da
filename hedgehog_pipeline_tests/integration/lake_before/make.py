"""Make the fixture in this folder with the code that is installed: an older one (README.md).

It uses only what the tests of that older code have under the same name: `World`, its servers and
the shop's tables.
"""

import io
import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from unittest.mock import patch

import boto3
import psycopg

import hedgehog_pipeline
from hedgehog_pipeline.lake import landed
from hedgehog_pipeline.sandbox.aws import AwsServer
from hedgehog_pipeline.sandbox.clients import REGION
from hedgehog_pipeline.sandbox.postgres import PostgresServer
from hedgehog_pipeline.sandbox.postgres_programs import find_program
from hedgehog_pipeline_tests.support.servers import Servers
from hedgehog_pipeline_tests.support.world import World

_FIRST_TRANSACTION = 2000
"""So high that whoever restores the fixture needs fewer transactions to do so."""

_AFTER_THE_LOAD = (
    "insert into currency values (2, 'EUR', '2026-06-02', '2026-06-02')",
    "update sales_order set units_sold = 1600, last_updated = '2026-06-02 10:00'",
    """
    insert into sales_order values (2, '2026-06-02', '2026-06-02', 1, 1, 1, 20, 3.10, 2,
                                    '2026-06-09', '2026-06-06', 1);
    insert into transaction values (3, 'SALE', 2, null, '2026-06-02', '2026-06-02');
    insert into payment values (3, '2026-06-02', '2026-06-02', 3, 1, 62.00, 2, 1, false,
                                '2026-06-06', 52923196, 32957646)
    """,
    "update payment set payment_date = 'soon', last_updated = '2026-06-03' where payment_id = 2",
    "update staff set created_at = 'infinity', last_updated = '2026-06-03'",
    "update staff set created_at = '2026-06-01 09:30', last_updated = '2026-06-04'",
    "alter type payment_type_name rename value 'PURCHASE_REFUND' to 'PURCHASE_RETURN'",
)
_DELETION = """
    delete from payment where payment_id = 3;
    delete from transaction where transaction_id = 3;
    delete from sales_order where sales_order_id = 2
"""
_INBOX_FILE = b"""currency_id,currency_code,created_at,last_updated
9,CHF,2026-06-01 09:30:00.123,2026-06-01 09:30:00.123
ten,SEK,2026-06-01 09:30:00.123,2026-06-01 09:30:00.123
"""
_READ_WITH_A_CHECKPOINT = "update department set location = 'Leeds', last_updated = '2026-06-05'"
_REPLAYED = ("dim_staff", "dim_currency", "fact_sales_order", "fact_payment")
_NOT_LOADED = "update sales_order set units_sold = 1700, last_updated = '2026-06-06'"
_NOT_PROCESSED = "update counterparty set counterparty_legal_name = 'Fahey Ltd'"
_OPEN_AT_THE_END = """
    insert into design values (2, '2026-06-07', 'Steel', '/etc', 'steel-20260607-efgh.json',
                               '2026-06-07')
"""

OIDS = """
    select 'table ' || relname, oid::bigint from pg_class
    where relnamespace = 'public'::regnamespace and relkind = 'r'
    union all
    select 'type ' || typname, oid::bigint from pg_type
    where typnamespace = 'public'::regnamespace and typtype = 'e'
    union all
    select 'label ' || enumlabel, oid::bigint from pg_enum
"""
"""The names of the shop's tables, enums and labels, each with its oid: commits have the oids."""

IDENTITY = """
    select concat_ws('/', (select system_identifier from pg_control_system()),
                          (select timeline_id from pg_control_checkpoint()),
                          (select oid from pg_database where datname = current_database()))
"""
"""The identity of the shop's database: commits have it."""


def spend_transactions(connection: psycopg.Connection[Any], last: int) -> None:
    """Give out transaction ids until `last`."""
    connection.execute(
        "do $$ begin loop "
        f"exit when pg_current_xact_id()::text::bigint >= {last}; commit; "
        "end loop; end $$".encode()
    )


def main() -> None:
    """Write the fixture into the folder that is named."""
    (folder,) = map(Path, sys.argv[1:])
    with (
        TemporaryDirectory() as place,
        PostgresServer(Path(place) / "postgres", durable=False) as postgres,
    ):
        aws = AwsServer(Path(place) / "aws", lambda: ("test", "test")).start()
        os.environ.update(
            AWS_ENDPOINT_URL=aws.endpoint,
            AWS_REGION=REGION,
            AWS_DEFAULT_REGION=REGION,
            AWS_ACCESS_KEY_ID="test",
            AWS_SECRET_ACCESS_KEY="test",
        )
        os.environ.pop("DAGSTER_HOME", None)
        try:
            with psycopg.connect(postgres.dsn("postgres"), autocommit=True) as admin:
                spend_transactions(admin, _FIRST_TRANSACTION)
                admin.execute("create role analyst")
            with World.make(Servers(postgres, aws), slice_rows=8) as world:
                _load(world)
                _write(world, postgres, folder)
        finally:
            aws.stop()


def _load(world: World) -> None:
    """Load the small shop and all kinds of changes of it."""
    world.load_small()
    world.run()
    for statement in _AFTER_THE_LOAD:
        world.change(statement)
    world.s3.put_object(
        Bucket=world.settings.ingestion_bucket, Key="inbox/currency/more.csv", Body=_INBOX_FILE
    )
    world.change(_DELETION)
    world.sweep()
    (limit,) = (name for name in vars(landed) if name.endswith("_COMMITS"))  # its name changed
    with patch.object(landed, limit, 1):
        world.change(_READ_WITH_A_CHECKPOINT)
    world.launch("processing", *_REPLAYED)
    world.run()
    with psycopg.connect(_dsn(world, world.warehouse_database)) as warehouse:
        warehouse.execute("grant select on fact_sales_order_current to analyst")
        warehouse.execute("grant usage on schema hedgehog to analyst")
        warehouse.execute("grant select on hedgehog.open_quarantine to analyst with grant option")


def _write(world: World, postgres: PostgresServer, folder: Path) -> None:
    """Leave a commit to be loaded, one to be processed and a row to be captured; write it all."""
    world.shop.execute(_NOT_LOADED)
    world.launch("extraction")
    world.launch("processing")  # which replays the day, too
    with psycopg.connect(_dsn(world, world.shop_database)) as late:
        late.execute(_OPEN_AT_THE_END)
        open_transaction = _value(late, "select pg_current_xact_id()::text::bigint")
        world.shop.execute(_NOT_PROCESSED)
        world.launch("extraction")
        end = _value(world.shop, "select pg_snapshot_xmax(pg_current_snapshot())::text::bigint")
        facts = {
            "made_by": _commit(),
            "open_transaction": open_transaction,
            "statement": _OPEN_AT_THE_END,
            "next_transaction": end,
            "oids": dict(world.shop.execute(OIDS).fetchall()),
            "parameters": _parameters(world),
        }
        for name, database in (
            ("shop", world.shop_database),
            ("warehouse", world.warehouse_database),
        ):
            (folder / f"{name}.sql").write_text(_dump(postgres, database))
        late.rollback()
    (folder / "facts.json").write_text(json.dumps(facts, indent=1) + "\n")
    (folder / "buckets.zip").write_bytes(_zipped(world))


def _value(connection: psycopg.Connection[Any], query: str) -> Any:
    row = connection.execute(query.encode()).fetchone()
    assert row is not None
    return row[0]


def _commit() -> str:
    """Return the commit of the code that made the fixture."""
    where = Path(hedgehog_pipeline.__file__).parent
    command = ["git", "-C", str(where), "rev-parse", "HEAD"]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def _dsn(world: World, database: str) -> str:
    return world.servers.postgres.dsn(database)


def _parameters(world: World) -> dict[str, str]:
    prefix = world.settings.parameter_prefix
    found = boto3.client("ssm").get_parameters_by_path(Path=prefix, Recursive=True)["Parameters"]
    return {each["Name"].removeprefix(prefix): each["Value"] for each in found}


def _dump(postgres: PostgresServer, database: str) -> str:
    """Return the statements that rebuild a database in one call."""
    program = find_program("pg_dump", postgres.folder / "data")
    command = [program, "--inserts", "--no-owner", f"--dbname={postgres.dsn(database)}"]
    text = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    of_the_session = ("SET ", "SELECT pg_catalog.set_config", "\\", "--")
    lines = [line for line in text.splitlines() if line and not line.startswith(of_the_session)]
    return "\n".join(lines) + "\n"


def _zipped(world: World) -> bytes:
    """Return the objects of both buckets as one archive."""
    settings, file = world.settings, io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name in ("ingestion", "processed"):
            bucket = getattr(settings, f"{name}_bucket")
            for key in world.keys(bucket):
                body = world.s3.get_object(Bucket=bucket, Key=key)["Body"].read()
                archive.writestr(zipfile.ZipInfo(f"{name}/{key}"), body, zipfile.ZIP_DEFLATED)
    return file.getvalue()


if __name__ == "__main__":
    main()
