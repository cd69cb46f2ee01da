"""The whole sandbox: its servers, what survives a restart, and access rights."""

import json
import os
import signal
from collections.abc import Iterator
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import boto3
import psutil
import psycopg
import pytest
from botocore.exceptions import ClientError
from dagster import DagsterInstance
from dotenv import dotenv_values
from psycopg.conninfo import make_conninfo

from hedgehog_pipeline.sandbox.clients import client_arguments, fetch_json
from hedgehog_pipeline.sandbox.errors import SandboxError
from hedgehog_pipeline.sandbox.sandbox import Sandbox
from hedgehog_pipeline.sandbox.shop import TABLES
from hedgehog_pipeline.sandbox.waiting import await_condition

REFUSED = psycopg.errors.InsufficientPrivilege


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    sandbox = Sandbox(tmp_path_factory.mktemp("project") / ".sandbox")
    sandbox.up(orders=300)
    yield sandbox
    sandbox.down()


def credentials(sandbox: Sandbox, secret: str) -> dict[str, str]:
    client = boto3.client(
        "secretsmanager", **client_arguments(sandbox.aws.endpoint, *sandbox.s3.keys)
    )
    return json.loads(client.get_secret_value(SecretId=secret)["SecretString"])


def connect(sandbox: Sandbox, secret: str, **other: str) -> psycopg.Connection:
    found = credentials(sandbox, secret)
    parts = {
        "host": found["host"],
        "port": found["port"],
        "user": found["username"],
        "password": found["password"],
        "dbname": found["dbname"],
    }
    return psycopg.connect(make_conninfo(**parts | other), autocommit=True)


def pids(sandbox: Sandbox) -> dict[str, int]:
    """Return the pids of the servers, from the files in their folders."""
    postmaster = sandbox.folder / "postgres" / "data" / "postmaster.pid"
    found = {"postgres": int(postmaster.read_text().split()[0])}
    for name in ("s3", "aws"):
        handle = json.loads((sandbox.folder / name / "process.json").read_text())
        found[name] = handle["pid"]
    return found


def shop_rows(sandbox: Sandbox) -> list[object]:
    with psycopg.connect(sandbox.shop_dsn()) as connection:
        return [
            connection.execute(f"SELECT * FROM {table} ORDER BY 1".encode()).fetchall()
            for table in TABLES
        ]


def test_up_starts_all_servers(sandbox: Sandbox) -> None:
    status = sandbox.status()
    assert (status.postgres.running, status.s3.running, status.aws.running) == (True, True, True)
    assert status.postgres.address == sandbox.postgres.address


def test_all_data_survives_down_and_up(sandbox: Sandbox) -> None:
    environment = sandbox.environment()
    before = [shop_rows(sandbox), credentials(sandbox, "hedgehog/source")]
    with connect(sandbox, "hedgehog/warehouse") as warehouse:
        warehouse.execute("CREATE TABLE kept AS SELECT 42 AS answer")
    sandbox.s3.client().put_object(Bucket="hedgehog-processed", Key="kept", Body=b"kept")

    sandbox.down()
    status = sandbox.status()
    assert (status.postgres.running, status.s3.running, status.aws.running) == (False, False, False)
    sandbox.up(orders=10)

    assert sandbox.environment() == environment
    assert [shop_rows(sandbox), credentials(sandbox, "hedgehog/source")] == before
    with connect(sandbox, "hedgehog/warehouse") as warehouse:
        assert warehouse.execute("SELECT answer FROM kept").fetchone() == (42,)
    kept = sandbox.s3.client().get_object(Bucket="hedgehog-processed", Key="kept")
    assert kept["Body"].read() == b"kept"


def test_a_second_up_starts_nothing(sandbox: Sandbox) -> None:
    before = pids(sandbox)
    sandbox.up()
    assert pids(sandbox) == before


@pytest.mark.parametrize("victim", ["postgres", "s3", "aws"])
def test_up_restarts_only_a_killed_server(sandbox: Sandbox, victim: str) -> None:
    before, rows = pids(sandbox), shop_rows(sandbox)
    sandbox.s3.client().put_object(Bucket="hedgehog-processed", Key=victim, Body=b"kept")
    os.kill(before[victim], signal.SIGKILL)
    assert await_condition(lambda: not getattr(sandbox.status(), victim).running, seconds=5)
    sandbox.up()
    after = pids(sandbox)
    assert {name for name in after if after[name] != before[name]} == {victim}
    assert shop_rows(sandbox) == rows
    kept = sandbox.s3.client().get_object(Bucket="hedgehog-processed", Key=victim)
    assert kept["Body"].read() == b"kept"
    assert credentials(sandbox, "hedgehog/source")["dbname"] == "totesys"


def test_a_second_conditional_put_is_refused(sandbox: Sandbox) -> None:
    client = sandbox.s3.client()
    client.put_object(Bucket="hedgehog-ingestion", Key="once", Body=b"1", IfNoneMatch="*")
    with pytest.raises(ClientError) as refusal:
        client.put_object(Bucket="hedgehog-ingestion", Key="once", Body=b"2", IfNoneMatch="*")
    assert refusal.value.response["ResponseMetadata"]["HTTPStatusCode"] == 412
    assert client.get_object(Bucket="hedgehog-ingestion", Key="once")["Body"].read() == b"1"


def test_s3_refuses_other_keys(sandbox: Sandbox) -> None:
    stranger = boto3.client(
        "s3",
        endpoint_url=sandbox.s3.endpoint,
        region_name="eu-west-2",
        aws_access_key_id="stranger",
        aws_secret_access_key="stranger",
    )
    with pytest.raises(ClientError):
        stranger.list_objects_v2(Bucket="hedgehog-ingestion")


def test_the_secrets_have_the_format_of_rds(sandbox: Sandbox) -> None:
    secret = credentials(sandbox, "hedgehog/warehouse")
    assert set(secret) == {"engine", "host", "port", "username", "password", "dbname"}
    assert secret["engine"] == "postgres"
    assert secret["username"] == "hedgehog_writer"
    assert secret["dbname"] == "warehouse"


def test_another_user_of_the_machine_reads_no_secret(sandbox: Sandbox) -> None:
    stranger = boto3.client(
        "secretsmanager", **client_arguments(sandbox.aws.endpoint, "stranger", "stranger")
    )
    with pytest.raises(ClientError, match="403"):
        stranger.list_secrets()
    assert fetch_json(f"{sandbox.aws.endpoint}/moto-api/data.json") is None


def test_another_user_of_the_machine_reads_and_writes_no_object(sandbox: Sandbox) -> None:
    sandbox.s3.client().put_object(Bucket="hedgehog-ingestion", Key="inbox/a.csv", Body=b"a")
    filer = f"http://127.0.0.1:{_port(sandbox, 'filer')}/buckets/hedgehog-ingestion/inbox/a.csv"
    for method, body in (("GET", None), ("POST", b"b"), ("PUT", b"b"), ("DELETE", None)):
        with pytest.raises(HTTPError, match="401"):
            urlopen(Request(filer, body, method=method))


def test_all_servers_listen_only_on_the_loopback_address(sandbox: Sandbox) -> None:
    listening = {
        connection.laddr.ip
        for pid in pids(sandbox).values()
        for connection in psutil.Process(pid).net_connections()
        if connection.status == psutil.CONN_LISTEN
    }
    assert listening == {"127.0.0.1"}


def _port(sandbox: Sandbox, part: str) -> int:
    return json.loads((sandbox.folder / "s3" / "ports.json").read_text())[part]


def test_topic_and_log_group_exist(sandbox: Sandbox) -> None:
    arguments = client_arguments(sandbox.aws.endpoint, *sandbox.s3.keys)
    topics = boto3.client("sns", **arguments).list_topics()["Topics"]
    groups = boto3.client("logs", **arguments).describe_log_groups()["logGroups"]
    environment = sandbox.environment()
    assert [topic.get("TopicArn") for topic in topics] == [environment["HEDGEHOG_ALERT_TOPIC"]]
    assert [group.get("logGroupName") for group in groups] == [environment["HEDGEHOG_LOG_GROUP"]]


def test_the_reader_may_only_read_the_tables_of_the_shop(sandbox: Sandbox) -> None:
    with connect(sandbox, "hedgehog/source") as reader:
        for table in TABLES:
            reader.execute(f"SELECT xmin, * FROM {table} LIMIT 1".encode())
        reader.execute("SELECT pg_current_snapshot()")
        for refused in (
            "SELECT * FROM _prisma_migrations",
            "INSERT INTO currency (currency_code, last_updated) VALUES ('PLN', now())",
            "UPDATE currency SET currency_code = 'PLN'",
            "DELETE FROM payment",
            "TRUNCATE payment",
            "SELECT nextval('currency_currency_id_seq')",
            "CREATE TABLE own (one integer)",
            "CREATE TEMPORARY TABLE own (one integer)",
            "CREATE SCHEMA own",
        ):
            with pytest.raises(REFUSED):
                reader.execute(refused.encode())


@pytest.mark.parametrize(
    ("secret", "database"),
    [
        ("hedgehog/source", "warehouse"),
        ("hedgehog/source", "postgres"),
        ("hedgehog/warehouse", "totesys"),
        ("hedgehog/warehouse", "postgres"),
    ],
)
def test_each_role_reaches_its_own_database_only(
    sandbox: Sandbox, secret: str, database: str
) -> None:
    with pytest.raises(psycopg.OperationalError, match="permission denied for database"):
        connect(sandbox, secret, dbname=database)


def test_the_writer_owns_only_the_warehouse(sandbox: Sandbox) -> None:
    with connect(sandbox, "hedgehog/warehouse") as writer:
        writer.execute("CREATE SCHEMA own")
        writer.execute("CREATE TABLE own.things (one integer PRIMARY KEY)")
        writer.execute("DROP SCHEMA own CASCADE")
        for refused in ("CREATE DATABASE own", "CREATE ROLE own"):
            with pytest.raises(REFUSED):
                writer.execute(refused.encode())


def test_the_shop_has_the_defaults_and_foreign_keys_of_its_application(sandbox: Sandbox) -> None:
    defaults = """
        SELECT column_name, column_default FROM information_schema.columns
        WHERE table_schema = 'public' AND column_default NOT LIKE 'nextval%'
            AND table_name <> '_prisma_migrations'
    """
    rules = "SELECT DISTINCT confupdtype::text, confdeltype::text FROM pg_constraint"
    with psycopg.connect(sandbox.shop_dsn()) as connection:
        assert set(connection.execute(defaults)) == {("created_at", "CURRENT_TIMESTAMP")}
        found = set(connection.execute(f"{rules} WHERE contype = 'f'".encode()))
    assert found == {("c", "r"), ("c", "n")}


def test_the_environment_file_is_private_and_complete(sandbox: Sandbox) -> None:
    assert sandbox.dotenv.stat().st_mode & 0o777 == 0o600
    assert "Generated by `hedgehog sandbox up`" in sandbox.dotenv.read_text().splitlines()[0]
    environment = sandbox.environment()
    assert dotenv_values(sandbox.dotenv) == environment
    assert environment["HEDGEHOG_SOURCE_SECRET"] == "hedgehog/source"
    assert environment["AWS_ENDPOINT_URL"] != environment["AWS_ENDPOINT_URL_S3"]
    home = Path(environment["DAGSTER_HOME"])
    assert home.is_absolute()
    assert "enabled: false" in (home / "dagster.yaml").read_text()


def test_up_replaces_a_dagster_yaml_of_an_earlier_version(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    environment = sandbox.environment()
    home = Path(environment["DAGSTER_HOME"])
    file = home / "dagster.yaml"
    generated = file.read_text()
    assert "Generated by `hedgehog sandbox up`" in generated.splitlines()[0]
    module = "hedgehog_pipeline.orchestration.instance.storage"
    assert module in generated
    file.write_text(generated.replace(module, "hedgehog_pipeline.instance_storage"))
    sandbox.up()
    assert file.read_text() == generated
    assert file.stat().st_mode & 0o777 == 0o600
    monkeypatch.setenv("HEDGEHOG_DAGSTER_URL", environment["HEDGEHOG_DAGSTER_URL"])
    with DagsterInstance.from_config(str(home)) as instance:
        assert instance.get_runs_count() == 0


def test_no_log_and_no_repr_shows_a_secret(sandbox: Sandbox) -> None:
    secrets = [
        sandbox.s3.keys[1],
        credentials(sandbox, "hedgehog/source")["password"],
        credentials(sandbox, "hedgehog/warehouse")["password"],
        (sandbox.folder / "postgres" / "password").read_text(),
    ]
    logs = ("postgres/log", "postgres/output", "s3/log", "aws/log")
    texts = [(sandbox.folder / log).read_text() for log in logs]
    texts += [repr(sandbox), repr(sandbox.postgres), repr(sandbox.s3), repr(sandbox.status())]
    assert not [text for text in texts for secret in secrets if secret in text]


def test_the_folder_is_private_and_ignored_by_git(sandbox: Sandbox) -> None:
    assert (sandbox.folder / ".gitignore").read_text() == "*\n"
    assert sandbox.folder.stat().st_mode & 0o066 == 0


def test_an_env_file_of_another_origin_is_not_overwritten(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("MINE=1\n")
    with pytest.raises(SandboxError, match="was not written by the sandbox"):
        Sandbox(tmp_path / ".sandbox").up()
    assert [file.name for file in tmp_path.iterdir()] == [".env"]


def test_a_sandbox_that_was_never_started_says_how_to_start_it(tmp_path: Path) -> None:
    sandbox = Sandbox(tmp_path / ".sandbox")
    sandbox.down()
    assert not sandbox.status().postgres.running
    with pytest.raises(SandboxError, match="hedgehog sandbox up"):
        sandbox.environment()


def test_a_folder_that_cannot_be_created_is_reported(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(SandboxError, match="cannot be created"):
        Sandbox(tmp_path / "file" / ".sandbox").up()
