"""The shop goes on trading: what its users do to the database, so many times a second."""

import time
from collections import Counter
from collections.abc import Callable
from datetime import datetime, timezone

import psycopg

from hedgehog_pipeline.sandbox.trader import Trader
from hedgehog_pipeline.sandbox.waiting import await_moment


def utc_now() -> datetime:
    """The clock of the shop's application: UTC, naive as its columns are."""
    return datetime.now(timezone.utc).replace(tzinfo=None)


def trade(
    dsn: str,
    *,
    seconds: float,
    per_second: float,
    seed: int = 0,
    clock: Callable[[], datetime] = utc_now,
) -> Counter[str]:
    """Do so many things a second for so long; fewer when the database cannot keep up.

    The same seed wants the same things. Returns how many rows were made or changed, by kind.
    """
    due = time.monotonic()
    end = due + seconds
    with psycopg.connect(dsn, autocommit=True) as connection:
        trader = Trader(connection, seed, clock)
        while max(due, time.monotonic()) < end:
            await_moment(due)
            trader.act()
            due += 1 / per_second
    return trader.done
