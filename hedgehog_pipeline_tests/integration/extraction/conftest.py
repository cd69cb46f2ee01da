"""A shop that is already captured."""

import pytest

from hedgehog_pipeline_tests.support.capturing import capture
from hedgehog_pipeline_tests.support.landed import in_shop, landed
from hedgehog_pipeline_tests.support.odd_shop import seed
from hedgehog_pipeline_tests.support.world import World


@pytest.fixture
def shop(world: World) -> World:
    """A small shop with orders 1 to 3, captured."""
    seed(world)
    capture(world)
    assert landed(world) == in_shop(world)
    return world
