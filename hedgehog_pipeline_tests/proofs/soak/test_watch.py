"""The watch of a platform, and the verdict of the soak."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import datetime, timezone
from pathlib import Path
from threading import Event
from types import SimpleNamespace
from typing import Any, cast

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from hedgehog_pipeline.sandbox.sandbox import Sandbox
from hedgehog_pipeline_tests.proofs.soak.__main__ import main
from hedgehog_pipeline_tests.proofs.soak.busy import Busy, Happened
from hedgehog_pipeline_tests.proofs.soak.delays import Delay, Delays
from hedgehog_pipeline_tests.proofs.soak.dev import Dev
from hedgehog_pipeline_tests.proofs.soak.errors import Errors, is_error
from hedgehog_pipeline_tests.proofs.soak.judged import figures, may_have_failed, unexplained
from hedgehog_pipeline_tests.proofs.soak.programs import (
    CODE_SERVER,
    STAYING,
    Program,
    Usage,
    look_at,
)
from hedgehog_pipeline_tests.proofs.soak.table import HEADER, row
from hedgehog_pipeline_tests.proofs.soak.watch import Look, Watch
from hedgehog_pipeline_tests.support.makefile import commands_of
from hedgehog_pipeline_tests.support.servers import Servers
from hedgehog_pipeline_tests.support.world import World

_PROGRAM = """
import sys, psycopg
kept = [psycopg.connect(sys.argv[2]) for _ in range(int(sys.argv[3]))]
print("connected", flush=True)
sys.stdin.read()
"""
_NOON = datetime(2026, 6, 1, 12, tzinfo=timezone.utc)


def test_make_watch_passes_its_arguments(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / ".sandbox").mkdir()
    monkeypatch.chdir(tmp_path)
    (command,) = commands_of("watch", "MINUTES=7")
    words = command[command.index("hedgehog_pipeline_tests.proofs.soak") + 1 :]
    assert main.make_context("watch", words).params["minutes"] == 7


@pytest.fixture
def sandbox(servers: Servers, tmp_path: Path) -> Iterator[Sandbox]:
    """Processes that look like a daemon with two sessions and a code server with three."""
    environment = {"DAGSTER_HOME": str(tmp_path)}
    with ExitStack() as stack:
        for name, sessions in (("dagster_daemon", 2), ("dagster api grpc", 3)):
            command = [sys.executable, "-c", _PROGRAM, name, servers.postgres.dsn("postgres")]
            program = stack.enter_context(
                subprocess.Popen(
                    [*command, str(sessions)],
                    env=environment,
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                )
            )
            stack.callback(program.kill)
            assert program.stdout
            program.stdout.readline()
        yield cast("Sandbox", SimpleNamespace(environment=lambda: environment))


def test_connections_are_counted_by_program(servers: Servers, sandbox: Sandbox):
    with psycopg.connect(servers.postgres.dsn("postgres"), autocommit=True) as administrator:
        usage = look_at(sandbox, administrator)
    assert (usage.connections["daemon"], usage.connections["code server"]) == (2, 3)
    assert set(usage.staying) == {"daemon", "code server"}
    assert usage.staying["daemon"].threads >= 1
    assert usage.staying["daemon"].mebibytes > 5


def test_a_commit_is_timed_from_its_capture_to_its_load(opened: World):
    delays = Delays(opened.deployment.lake, lambda text, *values: opened.query(text, values))
    opened.shop.execute("update design set design_name = 'Another'")
    opened.launch("extraction")
    assert delays.look() == []
    assert delays.behind(datetime.now(timezone.utc)) > 0
    opened.run()
    ((delay),) = delays.look()
    assert 0 < delay.seconds < 300
    assert delays.behind(datetime.now(timezone.utc)) == 0
    assert delays.look() == []


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("2026-06-01 12:00:00 +0000 - dagster.daemon.SensorDaemon - ERROR - no", True),
        ('{"at": "2026-06-01T12:00:00", "level": "ERROR", "event": "no"}', True),
        ("Traceback (most recent call last):", True),
        ('FATAL:  remaining connection slots are reserved for roles with the SUPERUSER"', True),
        ("2026-06-01 12:00:00 +0000 - dagster - INFO - no errors were found", False),
    ],
)
def test_an_error_is_recognised_by_its_level(line: str, expected: bool):  # noqa: FBT001
    assert is_error(line) is expected


def test_an_error_is_read_once_with_its_traceback(tmp_path: Path):
    log = tmp_path / "dev.log"
    log.write_text("ERROR before\n")
    errors, at = Errors(log), "\x1b[32m2026-06-01 12:00:00"
    with log.open("a") as lines:
        lines.write(f"{at} INFO\n{at} ERROR one\nTraceback (most recent\n{at} ERR")
    assert errors.look() == [f"{at} ERROR one"]
    with log.open("a") as lines:
        lines.write(f"OR two\nTraceback (most recent\n{at} INFO\nTraceback (most recent\n")
    assert errors.look() == [f"{at} ERROR two", "Traceback (most recent"]
    assert Errors(None).look() == []


def test_a_log_that_does_not_exist_yet_is_read_from_its_first_line(tmp_path: Path):
    log = tmp_path / "dev.log"
    errors = Errors(log)
    assert errors.look() == []
    log.write_text("2026-06-01 12:00:00 ERROR at the start\n")
    assert errors.look() == ["2026-06-01 12:00:00 ERROR at the start"]


@pytest.mark.parametrize(
    ("second", "line", "explained"),
    [
        (0.0, "ERROR at the start", False),
        (999.0, "ERROR at the end", False),
        (100.0, "ERROR beside the kill of a run", False),
        (999.0, "ERROR: run killed-one failed", True),
        (100.0, "Traceback (most recent call last):", True),
        (99.0, "Traceback (most recent call last):", False),
        (999.0, "Traceback (most recent call last):", False),
        (510.0, "ERROR: no connection", True),
        (561.0, "ERROR: no connection", False),
    ],
)
def test_an_error_counts_unless_a_kill_explains_it(
    second: float,
    line: str,
    explained: bool,  # noqa: FBT001
):
    happened = Happened(killed_runs=["killed-one"], runs_killed=[99.5], servers_killed=[500.0])
    looks = [Look(second, errors=[line]), Look(second, blind=line)]
    assert unexplained(looks, happened) == ([] if explained else [line, line])


def test_a_run_may_fail_where_it_or_a_server_was_killed():
    looks = [
        Look(30.0, runs=["long before"]),
        Look(100.0, runs=["before"]),
        Look(170.0, runs=["after"]),
        Look(190.0, runs=["long after"]),
    ]
    happened = Happened(killed_runs=["killed"], servers_killed=[120.0])
    assert may_have_failed(looks, happened) == {"before", "after", "killed"}


_ENDS_MEANWHILE = """
    create sequence asked;
    create view runs as
    select 'a' as run_id, case nextval('asked') when 1 then 'STARTED' else 'SUCCESS' end as status
"""


@pytest.mark.parametrize(
    ("records", "killed", "is_alive"),
    [
        ("create table runs as select 'a' as run_id, 'STARTED' as status", ["a"], False),
        ("create table runs as select 'a' as run_id, 'STARTING' as status", [], True),
        ("create table runs as select 'a' as run_id, 'SUCCESS' as status", [], True),
        (_ENDS_MEANWHILE, [], False),
    ],
)
def test_a_run_counts_as_killed_only_if_the_kill_ended_it(
    servers: Servers,
    tmp_path: Path,
    records: str,
    killed: list[str],
    is_alive: bool,  # noqa: FBT001
):
    schema = "create schema soak; set search_path = soak;"
    dsn = make_conninfo(servers.postgres.dsn("postgres"), options="-c search_path=soak")
    environment = {"DAGSTER_HOME": str(tmp_path)}
    sandbox = SimpleNamespace(
        environment=lambda: environment, postgres=SimpleNamespace(dsn=lambda _database: dsn)
    )
    dev = Dev(cast("Sandbox", sandbox), 0, tmp_path / "dev.log", cast("Any", None))
    command = [sys.executable, "-c", "print(flush=True); input()", "multiprocessing.spawn"]
    with (
        psycopg.connect(servers.postgres.dsn("postgres"), autocommit=True) as administrator,
        subprocess.Popen(
            command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE
        ) as run,
    ):
        assert run.stdout
        run.stdout.readline()
        administrator.execute(f"{schema} {records}".encode())
        try:
            assert dev.kill_runs() == killed
            assert (run.poll() is None) is is_alive
        finally:
            run.kill()
            administrator.execute("drop schema soak cascade")


def test_no_run_counts_as_killed_if_none_is_in_progress():
    over = Event()
    over.set()
    dev, watch = SimpleNamespace(kill_runs=list), SimpleNamespace(second=1.0)
    busy = Busy(cast("Dev", dev), cast("Watch", watch), over)
    busy.kill_a_run()
    assert busy.happened == Happened()


def test_constant_values_hold():
    assert all(figure.holds for figure in figures(_looks(), _CHANGES, warm=60))


@pytest.mark.parametrize(
    ("changed", "name"),
    [
        ({"connections": 0.3}, "connections"),
        ({"threads": 0.05}, "threads of the code server"),
        ({"mebibytes": 0.5}, "MiB of the code server"),
        ({"seconds": 0.1}, "seconds from captured to loaded"),
        ({"behind": 0.1}, "seconds behind"),
    ],
)
def test_a_growing_value_is_named(changed: dict[str, float], name: str):
    """`changed` has the growth per second."""
    judged = figures(_looks(**changed), _CHANGES, warm=60)
    assert [figure.name for figure in judged if not figure.holds] == [name]


def test_a_growing_latency_is_named():
    changes = [(at, 5.0 if at < 180 else 25.0) for at, _ in _CHANGES]
    judged = figures(_looks(), changes, warm=60)
    assert [str(figure) for figure in judged if not figure.holds] == [
        "seconds from shop to warehouse           5.0 -> 25.0   (at most 9.5)  <- too much"
    ]


def test_a_value_without_late_observations_does_not_hold():
    judged = figures(_looks(), [(at, took) for at, took in _CHANGES if at < 200], warm=60)
    assert [figure.name for figure in judged if not figure.holds] == [
        "seconds from shop to warehouse"
    ]


def test_the_row_of_a_minute_is_as_wide_as_the_header():
    line = row(_looks()[:6], [4.0, 6.0])
    expected = "1 | 10 0 10 0 0| 9 9 9| 200 200 200| 2.0 2.0 | 5.0 | 1.0 | 6 | 0"
    assert " ".join(line.split()) == expected
    assert {len(text) for text in HEADER.splitlines()} == {len(line)}


_CHANGES = [(float(at), 5.0) for at in range(0, 360, 6)]


def _looks(**growth: float) -> list[Look]:
    """Return the looks of six minutes, in which some values grow by so much per second."""

    def of(name: str, value: float, at: int) -> Any:
        return value + growth.get(name, 0.0) * at

    return [
        Look(
            second=float(at),
            usage=Usage(
                {CODE_SERVER: int(of("connections", 10, at))},
                {
                    name: Program(
                        1,
                        int(of("threads", 9, at)) if name == CODE_SERVER else 9,
                        of("mebibytes", 200, at) if name == CODE_SERVER else 200,
                    )
                    for name in STAYING
                },
            ),
            delays=[Delay(_NOON, of("seconds", 2, at))],
            behind=of("behind", 1, at),
            runs=["a"],
        )
        for at in range(0, 361, 10)
    ]
