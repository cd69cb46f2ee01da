"""A private PostgreSQL cluster from a Python wheel, without installation or Docker."""

import os
import secrets
import shlex
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

import psutil
from psycopg.conninfo import make_conninfo

from hedgehog_pipeline.sandbox.errors import SandboxError, log_tail
from hedgehog_pipeline.sandbox.files import private_folder, write_private
from hedgehog_pipeline.sandbox.ports import LOOPBACK, keep_ports, last_port
from hedgehog_pipeline.sandbox.postgres_programs import find_program, hand_over, run_program

if TYPE_CHECKING:
    from typing_extensions import Self

_SETTINGS = {
    "listen_addresses": LOOPBACK,
    "unix_socket_directories": "",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "max_prepared_transactions": "20",
    # No replication: a table that is created and filled in one transaction skips the WAL.
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "max_wal_size": "2GB",
}
_NOT_DURABLE = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "wal_writer_delay": "10ms",  # a capture waits for the WAL writer
}


class PostgresServer:
    """A cluster in a folder, reachable over loopback TCP with a password.

    With `durable=False` it is faster, but a crash of the machine (not of the server) loses data.
    `settings` override the sandbox's own.
    """

    def __init__(
        self, folder: Path, *, durable: bool = True, settings: Mapping[str, str] | None = None
    ) -> None:
        """Does not create or start anything yet."""
        self.folder = folder.resolve()
        self._data = self.folder / "data"
        self._pid_file = self._data / "postmaster.pid"
        self._log = self.folder / "log"
        self._output = self.folder / "output"
        self._ports = self.folder / "ports.json"
        self._password = self.folder / "password"
        self._settings = {**_SETTINGS, **({} if durable else _NOT_DURABLE), **(settings or {})}

    def __repr__(self) -> str:
        """Show the folder, not the password."""
        return f"PostgresServer({str(self.folder)!r})"

    def __enter__(self) -> "Self":
        """Start."""
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop."""
        self.stop()

    @property
    def running(self) -> bool:
        """Whether the server of this cluster is running."""
        pid = self._pid()
        try:
            return pid is not None and str(self._data) in psutil.Process(pid).cmdline()
        except psutil.Error:
            return False

    @property
    def port(self) -> int:
        """The port since the last start."""
        return last_port(self._ports, "postgres")

    @property
    def address(self) -> str:
        """Host and port, separated by a colon."""
        return f"{LOOPBACK}:{self.port}"

    def dsn(self, dbname: str, *, user: str = "postgres", password: str | None = None) -> str:
        """Return the connection string of a database, by default as superuser."""
        if password is None:
            password = self._password.read_text(encoding="utf-8")
        return make_conninfo(
            host=LOOPBACK, port=self.port, dbname=dbname, user=user, password=password
        )

    def psql(self, dbname: str, arguments: Sequence[str]) -> int:
        """Open a database in psql as superuser; return the exit code of psql."""
        if not self.running:
            raise SandboxError("PostgreSQL is not running. `hedgehog sandbox up` starts it.")
        # Not as arguments: every user of the machine can read those.
        connection = {
            "PGHOST": LOOPBACK,
            "PGPORT": str(self.port),
            "PGDATABASE": dbname,
            "PGUSER": "postgres",
            "PGPASSWORD": self._password.read_text(encoding="utf-8"),
        }
        return subprocess.run(  # noqa: S603  the wheel's own program
            [find_program("psql", self._data), *arguments],
            env={**os.environ, **connection},
            check=False,
        ).returncode

    def start(self) -> "Self":
        """Create the cluster if it is missing, and start its server if it is not running."""
        if self.running:
            return self
        hand_over(private_folder(self.folder))
        if not self._data.exists():
            self._create()
        self._delete_recycled_pid_file()
        port = keep_ports(self._ports, ["postgres"])["postgres"]
        options = [f"-p{port}", *(f"-c{name}={value}" for name, value in self._settings.items())]
        arguments = ["--log", str(self._log), "--options", shlex.join(options)]
        if not self._pg_ctl("start", *arguments):
            raise SandboxError(f"PostgreSQL did not start on {self.address}. {log_tail(self._log)}")
        return self

    def stop(self) -> None:
        """Stop the server if it is running; open connections are closed."""
        if self.running and not self._pg_ctl("stop", "--mode=fast") and self.running:
            raise SandboxError(f"PostgreSQL in {self.folder} did not stop. {log_tail(self._log)}")

    def _create(self) -> None:
        """Create the cluster; its folder exists only once `initdb` has succeeded."""
        draft = self.folder / "data.new"
        shutil.rmtree(draft, ignore_errors=True)
        write_private(self._password, secrets.token_urlsafe(24))
        hand_over(self._password)
        access = ["--username=postgres", "--auth=scram-sha-256", f"--pwfile={self._password}"]
        text = ["--encoding=UTF8", "--no-locale"]
        if not self._run("initdb", f"--pgdata={draft}", *access, *text):
            raise SandboxError(f"initdb failed in {self.folder}. {log_tail(self._output)}")
        draft.rename(self._data)

    def _pid(self) -> int | None:
        """Return the pid in the first line of `postmaster.pid`, None if there is none."""
        try:
            return int(self._pid_file.read_text(encoding="utf-8").splitlines()[0])
        except (FileNotFoundError, IndexError):
            return None

    def _delete_recycled_pid_file(self) -> None:
        """Delete `postmaster.pid` if, after a crash, another process has its pid.

        PostgreSQL would not start. With an unused pid the file stays: PostgreSQL reads it to check
        that no child process is left.
        """
        pid = self._pid()
        if pid is not None and psutil.pid_exists(pid) and not self.running:
            self._pid_file.unlink()

    def _pg_ctl(self, action: str, *arguments: str) -> bool:
        hand_over(self.folder)
        return self._run("pg_ctl", action, "--wait", f"--pgdata={self._data}", *arguments)

    def _run(self, program: str, *arguments: str) -> bool:
        return run_program(program, *arguments, data=self._data, output=self._output)
