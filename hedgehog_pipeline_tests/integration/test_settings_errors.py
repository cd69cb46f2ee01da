"""Wrong settings end `hedgehog run` with one clear message: no traceback, no password."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import boto3
import pytest
from psycopg import ConnectionInfo

from hedgehog_pipeline.cli import main
from hedgehog_pipeline.sandbox.aws import rds_secret
from hedgehog_pipeline_tests.support.world import World, reset_process_caches

PASSWORD = "pa55-w0rd-nobody-may-see"
QUIET = {"AWS_MAX_ATTEMPTS": "1", "AWS_EC2_METADATA_DISABLED": "true"} | dict.fromkeys(
    ["AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"], os.devnull
)
Change = Callable[[World, pytest.MonkeyPatch], object]


@pytest.fixture
def deployment(world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    """The environment of a world, in a folder without a `.env` file; errors come at once."""
    for name, value in world.environment.items():
        monkeypatch.setenv(name, value)
    for name, value in QUIET.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(sys, "argv", ["hedgehog", "run"])
    monkeypatch.chdir(tmp_path)
    return world


def assert_one_sentence(message: object, capture: pytest.CaptureFixture[str], *words: str) -> None:
    output = capture.readouterr()
    assert isinstance(message, str)
    assert re.fullmatch("hedgehog: .+", message)  # one line: a dot is no newline
    assert PASSWORD not in message + output.out + output.err
    assert all(word in message for word in words), message


def variable(name: str, value: str) -> Change:
    return lambda _world, environment: environment.setenv(name, value)


def content(**value: object) -> Change:
    def change(world: World, _environment: pytest.MonkeyPatch) -> None:
        client = boto3.client("secretsmanager")
        client.put_secret_value(SecretId=world.settings.source_secret, **value)

    return change


def secret(**changes: object) -> Change:
    """Change the source's secret; a value of None is left out."""

    def change(world: World, environment: pytest.MonkeyPatch) -> None:
        dsn = world.servers.postgres.dsn(world.shop_database, user="reader", password="reader")
        form = json.loads(rds_secret(dsn)) | changes
        text = json.dumps({name: value for name, value in form.items() if value is not None})
        content(SecretString=text)(world, environment)

    return change


_LIKE_AURORA = """
    create function pg_current_wal_insert_lsn() returns pg_lsn language plpgsql as $$ begin
        raise exception 'wal_level must be set' using errcode = '55000';
    end $$;
    do $$ begin execute format(
        'alter role reader in database %I set search_path = public, pg_catalog',
        current_database());
    end $$;
"""


def shop(statement: str) -> Change:
    return lambda world, _environment: world.shop.execute(statement.encode())


def without(*names: str) -> Change:
    def change(_world: World, environment: pytest.MonkeyPatch) -> None:
        for name in names:
            environment.delenv(name, raising=False)
        environment.setattr(boto3, "DEFAULT_SESSION", None)

    return change


def one_bucket(world: World, environment: pytest.MonkeyPatch) -> None:
    environment.setenv("HEDGEHOG_PROCESSED_BUCKET", world.settings.ingestion_bucket)


def version(number: int) -> Change:
    shown = property(lambda _: number)
    return lambda _, environment: environment.setattr(ConnectionInfo, "server_version", shown)


CASES: dict[str, tuple[Change, list[str]]] = {
    "no secret": (variable("HEDGEHOG_SOURCE_SECRET", "absent"), ["no secret 'absent'"]),
    "no text": (content(SecretString=f"password={PASSWORD}"), ["not in the form", "JSON"]),
    "binary": (content(SecretBinary=PASSWORD.encode()), ["not in the form"]),
    "no dbname": (secret(dbname=None, password=PASSWORD), ["not in the form", "dbname"]),
    "wrong password": (secret(password=PASSWORD), ["source database", "password", "reader"]),
    "no such database": (secret(dbname="x"), ['"x" does not exist']),
    "nobody listens": (secret(port=1), ["127.0.0.1:1", "refused"]),
    "no ingestion bucket": (
        variable("HEDGEHOG_INGESTION_BUCKET", "x"),
        ["no bucket x", "HEDGEHOG"],
    ),
    "no processed bucket": (
        variable("HEDGEHOG_PROCESSED_BUCKET", "x"),
        ["no bucket x", "HEDGEHOG"],
    ),
    "odd bucket": (variable("HEDGEHOG_INGESTION_BUCKET", "not a bucket"), ["not a bucket"]),
    "no warehouse secret": (variable("HEDGEHOG_WAREHOUSE_SECRET", "absent"), ["'absent'"]),
    "too old": (version(120022), ["PostgreSQL 12", "13 or newer"]),
    "no table": (shop("drop table payment"), ["missing tables", "payment"]),
    "no column": (shop("alter table design drop file_name"), ["design", "no column file_name"]),
    "no right": (shop("revoke select on staff from reader"), ["staff", "Grant it SELECT"]),
    "policy": (shop("alter table staff enable row level security"), ["row-level", "staff"]),
    "odd number": (variable("HEDGEHOG_SLICE_ROWS", "many"), ["HEDGEHOG_SLICE_ROWS is 'many'"]),
    "no rows": (variable("HEDGEHOG_SLICE_ROWS", "0"), ["HEDGEHOG_SLICE_ROWS"]),
    "odd share": (variable("HEDGEHOG_MASS_DELETE_SHARE", "7"), ["HEDGEHOG_MASS_DELETE_SHARE"]),
    "negative": (variable("HEDGEHOG_PART_BYTES", "-1"), ["HEDGEHOG_PART_BYTES"]),
    "odd tags": (variable("HEDGEHOG_JOB_TAGS", "[1]"), ["HEDGEHOG_JOB_TAGS is '[1]'", "JSON"]),
    "odd day": (variable("HEDGEHOG_FIRST_DAY", "1.1.2026"), ["HEDGEHOG_FIRST_DAY", "2026-01-01"]),
    "no region": (without("AWS_REGION", "AWS_DEFAULT_REGION"), ["region"]),
    "no credentials": (without("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"), ["credentials"]),
    "AWS is down": (variable("AWS_ENDPOINT_URL", "http://127.0.0.1:1"), ["http://127.0.0.1:1"]),
    "odd endpoint": (variable("AWS_ENDPOINT_URL", "localhost"), ["localhost"]),
    "a day to come": (
        variable("HEDGEHOG_FIRST_DAY", "2999-01-01"),
        ["HEDGEHOG_FIRST_DAY", "is after today"],
    ),
    "one bucket": (one_bucket, ["HEDGEHOG_INGESTION_BUCKET and", "two buckets"]),
    "no identity": (
        shop("revoke execute on function pg_control_system() from public"),
        ["pg_control_system", "grant execute on function", 'to "reader"'],
    ),
    "no place in the log": (
        shop("revoke execute on function pg_current_wal_insert_lsn() from public"),
        ["pg_current_wal_insert_lsn()", "grant execute on function", 'to "reader"'],
    ),
    "no place on the disk": (
        shop("revoke execute on function pg_current_wal_flush_lsn() from public"),
        ["pg_current_wal_flush_lsn()", "grant execute on function", 'to "reader"'],
    ),
    "Aurora": (
        shop(_LIKE_AURORA),
        ["pg_current_wal_insert_lsn()", "wal_level must be set", "rds.logical_replication = 1"],
    ),
    "managed secret": (
        secret(host=None, port=None, dbname=None),
        ["check dbname, host.", "HEDGEHOG_SOURCE_ADDRESS"],
    ),
    "a URL as host": (secret(host=f"postgresql://reader:{PASSWORD}@db/shop"), ["check host."]),
    "a login in the host": (secret(host=f"reader:{PASSWORD}@db"), ["check host."]),
    "a URL as dbname": (secret(dbname=f"postgresql://r:{PASSWORD}@db/shop"), ["check dbname."]),
    "a connection as dbname": (secret(dbname=f"dbname=shop password={PASSWORD}"), ["dbname."]),
    "a URL as user": (secret(username=f"postgresql://r:{PASSWORD}@db"), ["check username."]),
    "a URL as secret": (
        variable("HEDGEHOG_SOURCE_SECRET", f"postgresql://r:{PASSWORD}@db/shop"),
        ["HEDGEHOG_SOURCE_SECRET is not the name of a secret"],
    ),
    "JSON as secret": (
        variable("HEDGEHOG_WAREHOUSE_SECRET", f'{{"password":"{PASSWORD}"}}'),
        ["HEDGEHOG_WAREHOUSE_SECRET is not the name of a secret"],
    ),
    "a login as secret": (
        variable("HEDGEHOG_SOURCE_SECRET", f"reader:{PASSWORD}@db/shop"),
        ["HEDGEHOG_SOURCE_SECRET is not the name of a secret"],
    ),
    "a password as secret": (
        variable("HEDGEHOG_SOURCE_SECRET", f"password={PASSWORD}"),
        ["HEDGEHOG_SOURCE_SECRET is not the name of a secret"],
    ),
    "an ARN": (
        variable("HEDGEHOG_SOURCE_SECRET", "arn:aws:secretsmanager:eu-west-2:1:secret:a/b-C1"),
        ["no secret 'arn:aws:"],
    ),
    "a login as user": (secret(username=f"reader:{PASSWORD}@db/shop"), ["check username."]),
    "a UI without a scheme": (
        variable("HEDGEHOG_UI_URL", "hedgehog.shop.test"),
        ["HEDGEHOG_UI_URL is 'hedgehog.shop.test'", "https://"],
    ),
    "a UI without a host": (variable("HEDGEHOG_UI_URL", "https:///runs"), ["HEDGEHOG_UI_URL"]),
    "a UI with a password": (
        variable("HEDGEHOG_UI_URL", f"https://me:{PASSWORD}@ui.test"),
        ["https://***@ui.test", "without a login"],
    ),
    "a password in an endpoint": (
        variable("AWS_ENDPOINT_URL_S3", f"http://key:{PASSWORD}@127.0.0.1:1"),
        ["http://***@127.0.0.1:1", "AWS_ENDPOINT_URL"],
    ),
    "a password in no endpoint": (
        variable("AWS_ENDPOINT_URL", f"http://key:{PASSWORD}@no host"),
        ["http://***@no host", "not a URL"],
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_a_wrong_setting_is_reported_in_one_message(
    deployment: World,
    case: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
):
    change, words = CASES[case]
    change(deployment, monkeypatch)
    reset_process_caches()
    with pytest.raises(SystemExit) as ended:
        main()
    assert_one_sentence(ended.value.code, capsys, *words)


@pytest.mark.parametrize("case", ["wrong password", "policy"])
def test_the_command_itself_prints_one_line_and_fails(
    deployment: World, case: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    change, words = CASES[case]
    change(deployment, monkeypatch)
    command = [Path(sys.executable).parent / "hedgehog", "run"]
    ended = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stdout) == (1, "")
    assert len(ended.stderr.splitlines()) == 1
    assert PASSWORD not in ended.stderr
    assert all(word in ended.stderr for word in words)
