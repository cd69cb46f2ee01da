"""The processes of a platform, and their connections, threads and memory."""

from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field

import psutil
import psycopg

from hedgehog_pipeline.sandbox.sandbox import Sandbox

DAEMON, WEBSERVER, CODE_SERVER, RUN = "daemon", "webserver", "code server", "runs"
STAYING = (DAEMON, CODE_SERVER, WEBSERVER)
"""The processes that Dagster starts once and keeps running."""

_PARTS = {
    DAEMON: "dagster_daemon",
    WEBSERVER: "dagster_webserver",
    CODE_SERVER: "dagster api grpc",
    RUN: "multiprocessing.spawn",
    "trade": "sandbox trade",
}
_OTHERS = "others"
_MEBIBYTE = 1024 * 1024
_SESSIONS = """
    select client_port from pg_stat_activity
    where backend_type = 'client backend' and client_port is not null and pid <> pg_backend_pid()
"""


@dataclass(frozen=True)
class Program:
    """A long-running process: its number of threads and its resident memory in MiB."""

    pid: int
    threads: int
    mebibytes: float


@dataclass(frozen=True)
class Usage:
    """The resources of the processes of a platform at one time.

    Attributes:
        connections: the number of PostgreSQL sessions by program.
        staying: the long-running processes by program, if they run.
    """

    connections: Mapping[str, int] = field(default_factory=dict)
    staying: Mapping[str, Program] = field(default_factory=dict)

    @property
    def total(self) -> int:
        return sum(self.connections.values())


def processes_of(sandbox: Sandbox) -> dict[str, list[psutil.Process]]:
    """Return the processes of Dagster and of the live trade of a sandbox, the oldest first."""
    home = sandbox.environment()["DAGSTER_HOME"]
    found: dict[str, list[psutil.Process]] = {}
    for process in sorted(psutil.process_iter(), key=lambda each: each.create_time()):
        try:
            if process.environ().get("DAGSTER_HOME") != home:
                continue
            command = " ".join(process.cmdline())
        except psutil.Error:
            continue
        name = next((name for name, text in _PARTS.items() if text in command), _OTHERS)
        found.setdefault(name, []).append(process)
    return found


def look_at(sandbox: Sandbox, administrator: psycopg.Connection) -> Usage:
    """Count the resources, without the sessions of this process."""
    ports = {port for (port,) in administrator.execute(_SESSIONS).fetchall()}
    found = processes_of(sandbox)
    names = {each.pid: name for name, processes in found.items() for each in processes}
    owners = {at.laddr.port: at.pid for at in psutil.net_connections("tcp4") if at.laddr and at.pid}
    connections: Counter[str] = Counter()
    own = psutil.Process().pid
    for port in ports:
        if (pid := owners.get(port)) != own:
            connections[names.get(pid or 0, _OTHERS)] += 1
    return Usage(connections, dict(_staying(found)))


def _staying(found: Mapping[str, list[psutil.Process]]) -> Iterator[tuple[str, Program]]:
    for name in STAYING:
        for process in found.get(name, [])[:1]:
            with suppress(psutil.Error), process.oneshot():
                size = process.memory_info().rss / _MEBIBYTE
                yield name, Program(process.pid, process.num_threads(), size)
