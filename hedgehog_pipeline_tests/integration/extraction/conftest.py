"""A shop that is already captured."""

import pytest

from hedgehog_pipeline_tests.extraction.capturing import capture
from hedgehog_pipeline_tests.extraction.landed import in_shop, landed
from hedgehog_pipeline_tests.extraction.shop import seed
from hedgehog_pipeline_tests.world import World


@pytest.fixture
def shop(world: World) -> World:
    """A small shop with orders 1 to 3, captured."""
    seed(world)
    capture(world)
    assert landed(world) == in_shop(world)
    return world
