"""The shop goes on trading: what its users do to the database, so many times a second."""

import time
from collections import Counter
from collections.abc import Callable
from datetime import datetime, timezone
from itertools import count

import psycopg

from hedgehog_pipeline.sandbox.trader import Trader
from hedgehog_pipeline.sandbox.waiting import await_moment

# Orders placed by a session that stamps them now and commits so many deeds later.
_DEEDS_UNTIL_LATE_COMMIT = 20


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

    A second session keeps its transactions open for many deeds of the first: it only places
    orders, so the two never wait for each other's locks. The same seed wants the same things.
    Returns how many rows were made or changed, by kind.
    """
    due = time.monotonic()
    end = due + seconds
    with psycopg.connect(dsn, autocommit=True) as connection, psycopg.connect(dsn) as slow:
        trader = Trader(connection, seed, clock)
        latecomer = Trader(slow, seed + 1, clock)
        for deed in count():
            if max(due, time.monotonic()) >= end:
                break
            await_moment(due)
            trader.act()
            if deed % _DEEDS_UNTIL_LATE_COMMIT == 0:
                slow.commit()
                latecomer.done.update(latecomer.place_orders())
            due += 1 / per_second
    return trader.done + latecomer.done
