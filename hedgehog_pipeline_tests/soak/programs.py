"""The programs of a platform on this machine, and what each of them holds."""

from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field

import psutil
import psycopg

from hedgehog_pipeline.sandbox.sandbox import Sandbox

DAEMON, WEBSERVER, CODE_SERVER, RUN = "daemon", "webserver", "code server", "runs"
STAYING = (DAEMON, CODE_SERVER, WEBSERVER)
"""Those that one start of Dagster starts once."""

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
    """A process that stays: how many threads it has and how many MiB are resident."""

    pid: int
    threads: int
    mebibytes: float


@dataclass(frozen=True)
class Held:
    """What the programs of a platform hold at a moment.

    Attributes:
        connections: sessions of PostgreSQL by the name of the program.
        staying: each of the programs that stay, by its name, where it runs.
    """

    connections: Mapping[str, int] = field(default_factory=dict)
    staying: Mapping[str, Program] = field(default_factory=dict)

    @property
    def total(self) -> int:
        return sum(self.connections.values())


def processes_of(place: Sandbox) -> dict[str, list[psutil.Process]]:
    """Find the processes of Dagster and of the trade that work on a sandbox, the oldest first."""
    home = place.environment()["DAGSTER_HOME"]
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


def look_at(place: Sandbox, administrator: psycopg.Connection) -> Held:
    """Count what is held; sessions of this very process are left out."""
    ports = {port for (port,) in administrator.execute(_SESSIONS).fetchall()}
    found = processes_of(place)
    names = {each.pid: name for name, processes in found.items() for each in processes}
    owners = {at.laddr.port: at.pid for at in psutil.net_connections("tcp4") if at.laddr and at.pid}
    connections: Counter[str] = Counter()
    own = psutil.Process().pid
    for port in ports:
        if (pid := owners.get(port)) != own:
            connections[names.get(pid or 0, _OTHERS)] += 1
    return Held(connections, dict(_staying(found)))


def _staying(found: Mapping[str, list[psutil.Process]]) -> Iterator[tuple[str, Program]]:
    for name in STAYING:
        for process in found.get(name, [])[:1]:
            with suppress(psutil.Error), process.oneshot():
                size = process.memory_info().rss / _MEBIBYTE
                yield name, Program(process.pid, process.num_threads(), size)
