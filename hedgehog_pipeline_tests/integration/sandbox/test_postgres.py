"""The PostgreSQL server of the sandbox."""

import json
import socket
from pathlib import Path

import psycopg
import pytest

from hedgehog_pipeline.sandbox.errors import SandboxError
from hedgehog_pipeline.sandbox.postgres import PostgresServer


def setting(server: PostgresServer, name: str) -> str:
    with psycopg.connect(server.dsn("postgres")) as connection:
        (value,) = connection.execute("SELECT current_setting(%s)", [name]).fetchone() or ("",)
    return value


def test_it_listens_on_loopback_with_time_zone_utc(server: PostgresServer) -> None:
    assert setting(server, "listen_addresses") == "127.0.0.1"
    assert setting(server, "TimeZone") == "UTC"
    assert setting(server, "max_prepared_transactions") == "20"


def test_a_wrong_password_is_refused(server: PostgresServer) -> None:
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(server.dsn("postgres", password="guessed"))


def test_the_password_file_is_private_and_repr_hides_it(server: PostgresServer) -> None:
    file = server.folder / "password"
    assert file.stat().st_mode & 0o777 == 0o600
    assert file.read_text() not in repr(server)


def test_it_keeps_rows_and_port_and_is_durable_by_default(tmp_path: Path) -> None:
    with PostgresServer(tmp_path / "cluster") as server:
        port = server.port
        assert setting(server, "fsync") == "on"
        with psycopg.connect(server.dsn("postgres")) as connection:
            connection.execute("CREATE TABLE kept AS SELECT 1 AS one")
    assert not server.running
    with PostgresServer(tmp_path / "cluster", durable=False) as server:
        assert server.port == port
        assert setting(server, "fsync") == "off"
        with psycopg.connect(server.dsn("postgres")) as connection:
            assert connection.execute("SELECT one FROM kept").fetchone() == (1,)


def test_it_uses_another_port_if_the_earlier_one_is_in_use(tmp_path: Path) -> None:
    server = PostgresServer(tmp_path / "cluster", durable=False)
    with server:
        port = server.port
    with socket.socket() as other:
        other.bind(("127.0.0.1", port))
        other.listen()
        with server:
            assert server.port != port
            assert setting(server, "port") == str(server.port)


def test_it_starts_although_another_process_has_its_old_pid(tmp_path: Path) -> None:
    server = PostgresServer(tmp_path / "cluster", durable=False)
    with server:
        file = tmp_path / "cluster" / "data" / "postmaster.pid"
        lines = file.read_text().splitlines()
    file.write_text("\n".join(["1", *lines[1:]]) + "\n")
    assert not server.running
    with server:
        assert server.running


def test_a_server_that_was_never_started_has_no_port(tmp_path: Path) -> None:
    with pytest.raises(SandboxError, match="never been started: start it first"):
        _ = PostgresServer(tmp_path).port


def test_a_failed_start_shows_the_log(tmp_path: Path) -> None:
    server = PostgresServer(tmp_path / "cluster", durable=False)
    server.start().stop()
    (tmp_path / "cluster" / "data" / "postgresql.conf").write_text("no_such_setting = 1\n")
    with pytest.raises(SandboxError, match=r"did not start on 127[\s\S]*no_such_setting"):
        server.start()


def test_an_incomplete_cluster_is_created_again(tmp_path: Path) -> None:
    folder = tmp_path / "cluster"
    (folder / "data.new").mkdir(parents=True)
    (folder / "data.new" / "PG_VERSION").write_text("18\n")
    with PostgresServer(folder, durable=False) as server:
        assert server.running
    assert json.loads((folder / "ports.json").read_text())["postgres"] == server.port


def test_psql_queries_a_database_and_returns_its_exit_code(
    server: PostgresServer, capfd: pytest.CaptureFixture[str]
) -> None:
    assert server.psql("template1", ["-Atc", "select current_database()"]) == 0
    assert capfd.readouterr().out == "template1\n"
    assert server.psql("template1", ["-c", "select nothing"]) == 1


def test_psql_says_what_to_do_if_the_server_is_down(tmp_path: Path) -> None:
    with pytest.raises(SandboxError, match="`hedgehog sandbox up` starts it"):
        PostgresServer(tmp_path).psql("warehouse", [])
