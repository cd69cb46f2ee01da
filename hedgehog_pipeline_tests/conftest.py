"""Real servers, one set per test process; each test has its own shop, lake and warehouse."""

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

# A shell starts background jobs with Ctrl-C ignored, and the tests' own processes would inherit it.
signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def servers() -> Iterator[Servers]:
    """A PostgreSQL server and a stand-in for AWS, S3 included.

    Not in pytest's own folder: another pytest on this machine would lock PostgreSQL's user out.
    """
    with (
        TemporaryDirectory() as temporary,
        PostgresServer((folder := Path(temporary)) / "postgres", durable=False) as postgres,
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
    """A shop with its own DDL and no rows, empty buckets, and an empty warehouse."""
    with World.make(servers) as world:
        yield world


@pytest.fixture(scope="session")
def archived(servers: Servers) -> Iterator[Archived]:
    """A small shop with its initial load in the warehouse, to be copied for each test."""
    with Archived.make(servers) as archived:
        _leave_out_of_garbage()
        yield archived


@pytest.fixture
def opened(archived: Archived) -> Iterator[World]:
    """A small shop with its initial load in the warehouse."""
    with archived.copy() as world:
        yield world


@pytest.fixture
def tell(record_property: Callable[[str, object], None]) -> Callable[[str], None]:
    """Return a function that prints a line once all tests are done."""
    return lambda line: record_property(_FIGURES, line)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run the longest tests first, so that no worker ends with one of them."""
    items.sort(key=lambda item: "torture" not in item.path.parts)


def pytest_collection_finish() -> None:
    _leave_out_of_garbage()


def _leave_out_of_garbage() -> None:
    """Exclude all present objects, mostly imports, from later garbage collections.

    On Python 3.10 pyarrow runs a collection whenever it reads a CSV (its workaround of
    bpo-42248): the tests of checkpoints took 72 seconds, and 4 without what is imported.
    """
    gc.freeze()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the lines that tests have recorded, wherever they ran."""
    for reports in terminalreporter.stats.values():
        for report in reports:
            if getattr(report, "when", "") == "call":
                for name, line in report.user_properties:
                    if name == _FIGURES:
                        terminalreporter.write_line(str(line))
