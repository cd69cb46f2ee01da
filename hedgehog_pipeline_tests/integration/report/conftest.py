"""Fixtures of the report tests."""

from collections.abc import Iterator

import pytest

from hedgehog_pipeline_tests.support.servers import Servers
from hedgehog_pipeline_tests.support.traded import traded_world
from hedgehog_pipeline_tests.support.world import World


@pytest.fixture(scope="module")
def traded(servers: Servers) -> Iterator[World]:
    """A loaded shop with three currencies, in which some rows were changed and deleted."""
    with traded_world(servers) as world:
        yield world
