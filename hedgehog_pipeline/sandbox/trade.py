"""Live trade in the demo shop: what its users do to the database, at a steady rate."""

import time
from collections import Counter
from collections.abc import Callable
from datetime import datetime, timezone
from itertools import count

import psycopg

from hedgehog_pipeline.sandbox.trader import Trader
from hedgehog_pipeline.sandbox.waiting import sleep_until

# The slow session commits its orders, stamped now, only after so many operations of the other one.
_OPERATIONS_UNTIL_LATE_COMMIT = 20


def utc_now() -> datetime:
    """Return the time of the shop's application: UTC without time zone, as its columns are."""
    return datetime.now(timezone.utc).replace(tzinfo=None)


def trade(
    dsn: str,
    *,
    seconds: float,
    per_second: float,
    seed: int = 0,
    clock: Callable[[], datetime] = utc_now,
) -> Counter[str]:
    """Do operations at a rate for some seconds, at a lower rate if the database is slow.

    A second session keeps each transaction open over many operations of the first one. It only
    places orders, so the two never wait for each other's locks. The same seed draws the same
    operations.

    Returns:
        How many rows were inserted or changed, by kind.
    """
    due = time.monotonic()
    end = due + seconds
    with psycopg.connect(dsn, autocommit=True) as connection, psycopg.connect(dsn) as slow:
        trader = Trader(connection, seed, clock)
        late_trader = Trader(slow, seed + 1, clock)
        for operation in count():
            if max(due, time.monotonic()) >= end:
                break
            sleep_until(due)
            trader.act()
            if operation % _OPERATIONS_UNTIL_LATE_COMMIT == 0:
                slow.commit()
                late_trader.done.update(late_trader.place_orders())
            due += 1 / per_second
    return trader.done + late_trader.done
