"""Fixtures of the report tests."""

from collections.abc import Iterator

import pytest

from hedgehog_pipeline_tests.servers import Servers
from hedgehog_pipeline_tests.world import World


@pytest.fixture(scope="module")
def traded(servers: Servers) -> Iterator[World]:
    """A loaded shop with three currencies, in which some rows were changed and deleted."""
    with World.make(servers) as world:
        world.load_archive(orders=600)
        world.run()
        world.shop.execute("update sales_order set units_sold = units_sold + 1 where design_id < 9")
        world.shop.execute("update payment set paid = not paid where payment_id % 7 = 0")
        world.shop.execute("delete from payment where payment_id % 11 = 0")
        world.run()
        world.sweep()
        yield world
