"""One platform for all outage tests, each of which leaves it healed; a table at the end."""

import socket
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Thread

import pytest

from hedgehog_pipeline.sandbox.sandbox import Sandbox
from hedgehog_pipeline_tests.proofs.outages.platform import ORDERS, Platform
from hedgehog_pipeline_tests.proofs.outages.proxy import Proxy
from hedgehog_pipeline_tests.proofs.outages.waiting import awaited

_LINES = pytest.StashKey[list[str]]()


@pytest.fixture(scope="session")
def platform(pytestconfig: pytest.Config) -> Iterator[Platform]:
    """A platform in a temporary folder, after the initial load, without live trade."""
    with TemporaryDirectory() as at, pytest.MonkeyPatch.context() as patch:
        sandbox = Sandbox(Path(at) / ".sandbox")
        proxy = Proxy(lambda: sandbox.s3.endpoint)
        Thread(target=proxy.serve_forever, daemon=True).start()
        environment = Sandbox.environment
        # Goes into `.env`, which overrides the environment of `dagster dev`.
        patch.setattr(
            Sandbox,
            "environment",
            lambda self: environment(self) | {"AWS_ENDPOINT_URL_S3": proxy.url},
        )
        platform = Platform(sandbox, proxy, _free_port(), Path(at) / "dagster.log")
        try:
            sandbox.up(ORDERS)
            platform.change()
            platform.start()
            platform.heals("start with an initial load")
            yield platform
        except BaseException:
            for log in Path(at).glob("dagster.*"):
                print(log.read_text(encoding="utf-8", errors="replace")[-8000:])  # noqa: T201
            raise
        finally:
            platform.stop()
            sandbox.down()
            proxy.shutdown()
            lines = pytestconfig.stash.setdefault(_LINES, [])
            lines += [f"{s:7.1f} s  {how:15} {name}" for name, s, how in platform.healed]


@pytest.fixture(autouse=True)
def _healed(platform: Platform) -> None:
    """Wait until the platform has recovered from the outage before."""
    awaited(platform.is_correct)


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    """Print the seconds from the end of each outage until the warehouse is correct again."""
    for line in config.stash.get(_LINES, []):
        terminalreporter.write_line(line)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
