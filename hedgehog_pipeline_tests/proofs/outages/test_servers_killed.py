"""A server of the platform, or a process of `dagster dev`, is killed."""

import os
import signal

import pytest

from hedgehog_pipeline_tests.proofs.outages.platform import Platform
from hedgehog_pipeline_tests.proofs.outages.waiting import awaited

pytestmark = [pytest.mark.outages, pytest.mark.timeout(600)]


@pytest.mark.parametrize("server", ["postgres", "s3", "aws"])
def test_after_a_restart_of_a_killed_server_the_platform_heals(platform: Platform, server: str):
    program = getattr(platform.sandbox, server)
    platform.change()
    pid = program._pid() if server == "postgres" else program._process._pid
    os.kill(pid, signal.SIGKILL)
    awaited(lambda: not program.running)
    platform.sandbox.up()
    platform.heals(f"{server} killed and started again")


@pytest.mark.parametrize("part", ["dagster_webserver", "dagster_daemon", "dagster api grpc"])
def test_the_platform_heals_after_a_killed_process_of_dagster(platform: Platform, part: str):
    platform.change()
    for process in platform.processes(part):
        process.kill()
    platform.heals(f"{part} killed")
