"""Fixtures of all tests; what needs servers, Dagster or boto3 is imported only by those that do."""

import gc
import signal
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from hedgehog_pipeline_tests.support.archived import Archived
    from hedgehog_pipeline_tests.support.servers import Servers
    from hedgehog_pipeline_tests.support.world import World

_FIGURES = "figures"

# A shell starts background jobs with Ctrl-C ignored, and the tests' own processes would inherit it.
signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def servers() -> Iterator["Servers"]:
    """A PostgreSQL server and a stand-in for AWS, S3 included: one set per test process."""
    from hedgehog_pipeline_tests.support.servers import running_servers

    with running_servers() as servers:
        yield servers


@pytest.fixture
def world(servers: "Servers") -> Iterator["World"]:
    """A shop with its own DDL and no rows, empty buckets, and an empty warehouse."""
    from hedgehog_pipeline_tests.support.world import World

    with World.make(servers) as world:
        yield world


@pytest.fixture(scope="session")
def archived(servers: "Servers") -> Iterator["Archived"]:
    """A small shop with its initial load in the warehouse, to be copied for each test."""
    from hedgehog_pipeline_tests.support.archived import Archived

    with Archived.make(servers) as archived:
        _leave_out_of_garbage()
        yield archived


@pytest.fixture
def opened(archived: "Archived") -> Iterator["World"]:
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
