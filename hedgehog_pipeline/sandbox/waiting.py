"""The one place in which the sandbox waits."""

import time
from collections.abc import Callable

_POLL_SECONDS = 0.02


def await_condition(
    condition: Callable[[], object], seconds: float, *, every: float = _POLL_SECONDS
) -> bool:
    """Ask again and again until the condition holds; False when `seconds` went by without it."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() >= deadline:
            return False
        time.sleep(every)
    return True


def await_moment(moment: float) -> None:
    """Wait until `time.monotonic()` reaches the moment; at once when it has passed."""
    time.sleep(max(0.0, moment - time.monotonic()))
