"""A server that the platform rests on, or a part of `dagster dev`, is killed."""

import os
import signal

import pytest

from hedgehog_pipeline_tests.outages.platform import Platform
from hedgehog_pipeline_tests.outages.waiting import awaited

pytestmark = [pytest.mark.outages, pytest.mark.timeout(600)]


@pytest.mark.parametrize("server", ["postgres", "s3", "aws"])
def test_a_killed_server_is_all_that_has_to_be_started_again(platform: Platform, server: str):
    program = getattr(platform.place, server)
    platform.change()
    pid = program._pid() if server == "postgres" else program._process._pid
    os.kill(pid, signal.SIGKILL)
    awaited(lambda: not program.running)
    platform.place.up()
    platform.heals(f"{server} killed and started again")


@pytest.mark.parametrize("part", ["dagster_webserver", "dagster_daemon", "dagster api grpc"])
def test_a_killed_part_of_dagster(platform: Platform, part: str):
    platform.change()
    for process in platform.processes(part):
        process.kill()
    platform.heals(f"{part} killed")
