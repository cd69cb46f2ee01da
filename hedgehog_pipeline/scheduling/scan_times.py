"""When a sensor scans within one tick, so that the daemon's interval adds no latency."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

_EVERY_SECONDS = 0.5
_TICK_SECONDS = 4.4
"""The daemon starts a tick every five seconds, and never while the last one still runs."""

_REST = 9
"""A pause is at least so many times as long as the scan before it: scans take 10 % of the time."""


@dataclass(frozen=True)
class ScanTimes:
    """When to scan: at once, then twice a second, until the next tick is due.

    Attributes:
        clock: returns seconds that never go back.
        sleep: waits for a number of seconds.
    """

    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], object] = time.sleep

    def within_tick(self) -> Iterator[float]:
        """Yield at each scan the seconds since the tick began; wait in between."""
        began = looked = self.clock()
        while True:
            yield looked - began
            pause = max(_EVERY_SECONDS, _REST * (self.clock() - looked))
            if self.clock() + pause > began + _TICK_SECONDS:
                return
            self.sleep(pause)
            looked = self.clock()
