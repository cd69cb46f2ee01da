"""The one place in which these tests wait."""

import time
from collections.abc import Callable

_POLL_SECONDS = 0.25


def awaited(condition: Callable[[], object], seconds: float = 120.0) -> None:
    """Ask again and again, but leave the two cores to the platform."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"not so within {seconds:.0f} s"
        time.sleep(_POLL_SECONDS)
