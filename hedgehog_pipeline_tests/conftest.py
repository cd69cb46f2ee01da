"""Real servers, one set a test process; a shop, a lake and a warehouse of its own for each test."""

import gc
import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import boto3
import pytest

from hedgehog_pipeline.sandbox.aws import AwsServer
from hedgehog_pipeline.sandbox.clients import REGION
from hedgehog_pipeline.sandbox.postgres import PostgresServer
from hedgehog_pipeline_tests.archived import Archived
from hedgehog_pipeline_tests.world import Servers, World

_FIGURES = "figures"

# What a shell begins in the background ignores Ctrl-C, and so would all that tests begin.
signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def servers() -> Iterator[Servers]:
    """A PostgreSQL and a stand-in for AWS, S3 included.

    Not below pytest's own folder: another pytest on this machine closes it to PostgreSQL's user.
    """
    with (
        TemporaryDirectory() as place,
        PostgresServer((folder := Path(place)) / "postgres", durable=False) as postgres,
    ):
        aws = AwsServer(folder / "aws", lambda: ("test", "test")).start()
        os.environ.update(
            AWS_ENDPOINT_URL=aws.endpoint,
            AWS_REGION=REGION,
            AWS_DEFAULT_REGION=REGION,
            AWS_ACCESS_KEY_ID="test",
            AWS_SECRET_ACCESS_KEY="test",
        )
        for name in ("AWS_ENDPOINT_URL_S3", "DAGSTER_HOME"):
            os.environ.pop(name, None)
        boto3.setup_default_session()
        yield Servers(postgres, aws)
        aws.stop()


@pytest.fixture
def world(servers: Servers) -> Iterator[World]:
    """An empty shop with the shop's own DDL, empty buckets, an empty warehouse."""
    with World.make(servers) as world:
        yield world


@pytest.fixture(scope="session")
def archived(servers: Servers) -> Iterator[Archived]:
    """A small shop, its archive in the warehouse, of which each test has a copy."""
    with Archived.make(servers) as archived:
        _leave_out_of_garbage()
        yield archived


@pytest.fixture
def opened(archived: Archived) -> Iterator[World]:
    """A small shop, its archive in the warehouse."""
    with archived.copy() as world:
        yield world


@pytest.fixture
def tell(record_property: Callable[[str, object], None]) -> Callable[[str], None]:
    """Have a line printed when all tests are over."""
    return lambda line: record_property(_FIGURES, line)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the longest, so that no worker is left with one of them at the end."""
    items.sort(key=lambda item: "torture" not in item.path.parts)


def pytest_collection_finish() -> None:
    _leave_out_of_garbage()


def _leave_out_of_garbage() -> None:
    """Leave what there is, mostly imports, out of every search for garbage from now on.

    On Python 3.10 pyarrow searches all objects whenever it reads a CSV (its workaround of
    bpo-42248): the tests of checkpoints took 72 seconds, and 4 without what is imported.
    """
    gc.freeze()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print what tests told, wherever they ran."""
    for reports in terminalreporter.stats.values():
        for report in reports:
            if getattr(report, "when", "") == "call":
                for name, line in report.user_properties:
                    if name == _FIGURES:
                        terminalreporter.write_line(str(line))
