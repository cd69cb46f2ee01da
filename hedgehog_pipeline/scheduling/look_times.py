"""When a sensor looks within one tick, so that the daemon's beat is no part of the latency."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

_EVERY_SECONDS = 0.5
_TICK_SECONDS = 4.4
"""The daemon asks a sensor every five seconds, and not while its last tick is under way."""

_REST = 9
"""A look that takes long is followed by a rest of so many times its length, a tenth of the time."""


@dataclass(frozen=True)
class Looks:
    """When to look: at once, then twice a second, until the next tick is due.

    Attributes:
        clock: gives seconds that never go back.
        sleep: waits for so many seconds.
    """

    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], object] = time.sleep

    def of_a_tick(self) -> Iterator[float]:
        """Give the seconds since the tick began, at each look; waits in between."""
        began = looked = self.clock()
        while True:
            yield looked - began
            pause = max(_EVERY_SECONDS, _REST * (self.clock() - looked))
            if self.clock() + pause > began + _TICK_SECONDS:
                return
            self.sleep(pause)
            looked = self.clock()
