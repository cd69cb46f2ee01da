"""An hour of steady trade, with something killed every two minutes."""

import json
import os
import random
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from statistics import median
from threading import Event, Thread

import psutil
import psycopg
import pytest

from hedgehog_pipeline.sandbox.trade import trade
from hedgehog_pipeline_tests.outages.platform import Platform
from hedgehog_pipeline_tests.outages.waiting import awaited

pytestmark = [pytest.mark.soak, pytest.mark.timeout(5400)]

_SECONDS = 3600
_A_SECOND = 2
_BETWEEN_KILLS = 120
_BETWEEN_LOOKS = 30
_LARGEST_LAG = 240
_WARM = 300
"""After so many seconds a process holds what it needs."""
_LONG = 1200
_MEBIBYTE = 1024 * 1024

_PARTS = {
    "daemon": "dagster._daemon",
    "webserver": "dagster_webserver",
    "code server": "api grpc",
}

_STAND_INS = {"S3", "AWS"}
"""They keep what they are given."""


@dataclass
class Watched:
    """What a process held, and at which age in seconds."""

    name: str
    held: list[tuple[float, int]] = field(default_factory=list[tuple[float, int]])

    @property
    def age(self) -> float:
        return self.held[-1][0]

    def growth(self) -> float:
        """How much more it held in the last third of its time than in the first when warm."""
        warm = [size for age, size in self.held if age >= _WARM]
        third = max(1, len(warm) // 3)
        return median(warm[-third:]) / median(warm[:third]) - 1


def test_an_hour_of_trade_and_kills(platform: Platform, tell: Callable[[str], None]):
    chance, over = random.Random(7), Event()
    trading = Thread(target=_trade_until, args=[platform, over])
    trading.start()
    watched: dict[int, Watched] = {}
    lags: list[float] = []
    killed: list[str] = []
    began = time.monotonic()
    next_kill = began + _BETWEEN_KILLS
    try:
        while time.monotonic() < began + _SECONDS:
            if time.monotonic() >= next_kill:
                killed.append(_kill_something(platform, chance))
                next_kill += _BETWEEN_KILLS
            _start_what_ended(platform)
            _look(platform, watched)
            lags += _seconds_behind(platform)
            over.wait(_BETWEEN_LOOKS)
    finally:
        over.set()
        trading.join()
    awaited(lambda: _seconds_behind(platform) == [0.0], 300)
    reconciled = _hedgehog(platform, "reconcile", "--json")

    old = [process for process in watched.values() if process.age >= _LONG]
    tell(f"soak: {len(killed)} kills: {', '.join(killed)}")
    tell(f"soak: lag median {median(lags):.0f} s, largest {max(lags):.0f} s, {len(lags)} looks")
    for process in old:
        size = process.held[-1][1] / _MEBIBYTE
        tell(
            f"soak: {process.name} at {process.age / 60:.0f} min: {size:.0f} MiB, "
            f"{process.growth():+.1%}"
        )
    assert reconciled.returncode == 0, reconciled.stderr
    assert {found["verdict"] for found in json.loads(reconciled.stdout).values()} == {"ok"}
    assert max(lags) < _LARGEST_LAG
    assert {"daemon", "code server", "webserver", "PostgreSQL", "S3"} <= {p.name for p in old}
    assert all(process.growth() < 0.15 for process in old if process.name not in _STAND_INS)


def _trade_until(platform: Platform, over: Event) -> None:
    """Trade in short pieces: a server that is killed ends the piece."""
    piece = 0
    while not over.is_set():
        piece += 1
        try:
            trade(platform.place.shop_dsn(), seconds=20, per_second=_A_SECOND, seed=piece)
        except psycopg.Error:
            over.wait(1)


def _kill_something(platform: Platform, chance: random.Random) -> str:
    """Kill a run nine times of ten, so that the servers grow old; say what."""
    if chance.random() < 0.9:
        awaited(lambda: platform.processes("multiprocessing"))
        for process in platform.processes("multiprocessing"):
            process.kill()
        return "run"
    server = chance.choice(["s3", "aws"])
    getattr(platform.place, server).stop()
    platform.place.up()
    return server


def _start_what_ended(platform: Platform) -> None:
    if platform.dagster.poll() is not None:
        platform.stop()
        platform.start()


def _look(platform: Platform, watched: dict[int, Watched]) -> None:
    found = [(name, p) for name, text in _PARTS.items() for p in platform.processes(text)]
    place = platform.place
    servers = {
        "PostgreSQL": place.postgres._pid(),
        "S3": place.s3._process._pid,
        "AWS": place.aws._process._pid,
    }
    found += [(name, psutil.Process(pid)) for name, pid in servers.items() if pid]
    for name, process in found:
        try:
            size = process.memory_info().rss
        except psutil.NoSuchProcess:
            continue
        age = time.time() - process.create_time()
        watched.setdefault(process.pid, Watched(name)).held.append((age, size))


def _seconds_behind(platform: Platform) -> list[float]:
    """How far the warehouse is behind; nothing where something is down that has to tell."""
    status = _hedgehog(platform, "status", "--json")
    return [json.loads(status.stdout)["seconds_behind"]] if status.returncode == 0 else []


def _hedgehog(platform: Platform, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", "from hedgehog_pipeline.cli import main; main()", *arguments],
        cwd=platform.place.folder.parent,
        env={**os.environ, **platform.place.environment()},
        capture_output=True,
        text=True,
        check=False,
    )
