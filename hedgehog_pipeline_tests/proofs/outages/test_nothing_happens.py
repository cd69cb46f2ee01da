"""Ten minutes without a change in the shop."""

import time
from collections import Counter

import psutil
import pytest

from hedgehog_pipeline_tests.proofs.outages.platform import Platform
from hedgehog_pipeline_tests.proofs.outages.waiting import awaited

pytestmark = [pytest.mark.outages, pytest.mark.timeout(1300)]

_SENSORS = ("shop", "ingestion_log", "processed_log")
_TICKS_A_MINUTE = 12  # the daemon evaluates sensors every five seconds


def _minute(platform: Platform) -> tuple[Counter[str], int]:
    """Return the S3 requests and the ticks of about a minute, between two ticks of `shop`.

    No run falls into that minute: the hour of a schedule may come at any moment.
    """
    while True:
        awaited(lambda: not platform.live_runs())
        runs = platform.all_runs()
        minute = _any_minute(platform)
        if platform.all_runs() == runs:
            return minute


def _any_minute(platform: Platform) -> tuple[Counter[str], int]:
    platform.proxy.requests.clear()
    before, shop = sum(map(platform.ticks, _SENSORS)), platform.ticks("shop")
    awaited(lambda: platform.ticks("shop") >= shop + _TICKS_A_MINUTE)
    return Counter(platform.proxy.requests), sum(map(platform.ticks, _SENSORS)) - before


def test_an_idle_minute_costs_few_requests_and_no_run(platform: Platform):
    awaited(platform.at_rest)
    loads = platform.runs("SUCCESS")
    platform.launch("sweep")  # the next sweep has nothing to commit
    awaited(lambda: platform.runs("SUCCESS") > loads + 1 and platform.at_rest())
    awaited(platform.is_reported, seconds=420.0)  # five minutes after the one before
    awaited(platform.has_closed_days, seconds=420.0)
    runs, began = platform.runs(), time.monotonic()
    programs = {
        "daemon": platform.processes("dagster_daemon"),
        "code server": platform.processes("api grpc"),
    }
    spent = {name: sum(map(_seconds, found)) for name, found in programs.items()}
    minutes = [_minute(platform) for _ in range(10)]
    seconds = time.monotonic() - began
    for name, found in programs.items():
        cpu = sum(map(_seconds, found)) - spent[name]
        platform.healed.append((f"CPU of the {name} in {seconds:.0f} s at rest", cpu, "no outage"))
    for requests, ticks in minutes:
        counts = ", ".join(f"{count} {kind}" for kind, count in sorted(requests.items()))
        platform.healed.append((f"{ticks} ticks of three sensors: {counts}", 0, "no outage"))
    assert platform.runs() == runs
    assert not any(kind.startswith("PUT") for requests, _ in minutes for kind in requests)
    a_tick = [requests.total() / ticks for requests, ticks in minutes]
    assert max(a_tick) == pytest.approx(min(a_tick), rel=0.2)
    assert max(a_tick) < 8


def _seconds(process: psutil.Process) -> float:
    times = process.cpu_times()
    return times.user + times.system
