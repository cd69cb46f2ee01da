"""The only place in which the sandbox waits."""

import time
from collections.abc import Callable

_POLL_SECONDS = 0.02


def await_condition(
    condition: Callable[[], object], seconds: float, *, every: float = _POLL_SECONDS
) -> bool:
    """Poll until the condition is true; return False if it is not after `seconds`."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() >= deadline:
            return False
        time.sleep(every)
    return True


def sleep_until(at: float) -> None:
    """Sleep until `time.monotonic()` reaches `at`; return at once if it has passed."""
    time.sleep(max(0.0, at - time.monotonic()))
