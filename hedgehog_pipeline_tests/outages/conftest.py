"""One platform at work for all outages, each of which leaves it healed; the table at the end."""

import socket
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Thread

import pytest

from hedgehog_pipeline.sandbox.sandbox import Sandbox
from hedgehog_pipeline_tests.outages.platform import ORDERS, Platform
from hedgehog_pipeline_tests.outages.proxy import Proxy
from hedgehog_pipeline_tests.outages.waiting import awaited

_LINES = pytest.StashKey[list[str]]()


@pytest.fixture(scope="session")
def platform(pytestconfig: pytest.Config) -> Iterator[Platform]:
    """All of it in a temporary folder, the archive loaded, no trade in the shop."""
    with TemporaryDirectory() as at, pytest.MonkeyPatch.context() as patch:
        place = Sandbox(Path(at) / ".sandbox")
        proxy = Proxy(lambda: place.s3.endpoint)
        Thread(target=proxy.serve_forever, daemon=True).start()
        environment = Sandbox.environment
        # In `.env`, which `dagster dev` puts above its own environment.
        patch.setattr(
            Sandbox,
            "environment",
            lambda self: environment(self) | {"AWS_ENDPOINT_URL_S3": proxy.url},
        )
        platform = Platform(place, proxy, _free_port(), Path(at) / "dagster.log")
        try:
            place.up(ORDERS)
            platform.change()
            platform.start()
            platform.heals("start with an archive")
            yield platform
        except BaseException:
            for log in Path(at).glob("dagster.*"):
                print(log.read_text(encoding="utf-8", errors="replace")[-8000:])  # noqa: T201
            raise
        finally:
            platform.stop()
            place.down()
            proxy.shutdown()
            lines = pytestconfig.stash.setdefault(_LINES, [])
            lines += [f"{s:7.1f} s  {how:15} {name}" for name, s, how in platform.healed]


@pytest.fixture(autouse=True)
def _well(platform: Platform) -> None:
    """Begin where nothing is left of the outage before."""
    awaited(platform.is_true)


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    """Tell the seconds from the end of the harm to a true warehouse."""
    for line in config.stash.get(_LINES, []):
        terminalreporter.write_line(line)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
