"""A loaded shop in which rows were changed and deleted."""

from collections.abc import Generator
from contextlib import contextmanager

from hedgehog_pipeline_tests.support.servers import Servers
from hedgehog_pipeline_tests.support.world import World


@contextmanager
def traded_world(servers: Servers) -> Generator[World, None, None]:
    """Load a shop with three currencies, then change and delete some rows."""
    with World.make(servers) as world:
        world.load_archive(orders=600)
        world.run()
        world.shop.execute("update sales_order set units_sold = units_sold + 1 where design_id < 9")
        world.shop.execute("update payment set paid = not paid where payment_id % 7 = 0")
        world.shop.execute("delete from payment where payment_id % 11 = 0")
        world.run()
        world.detect_deletes()
        yield world
