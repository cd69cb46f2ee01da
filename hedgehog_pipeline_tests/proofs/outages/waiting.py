"""The only place in which these tests wait."""

from collections.abc import Callable

from hedgehog_pipeline.sandbox.waiting import await_condition


def awaited(condition: Callable[[], object], seconds: float = 120.0) -> None:
    """Poll a condition at a rate that leaves the CPU to the platform; fail after `seconds`."""
    assert await_condition(condition, seconds, every=0.25), f"not true after {seconds:.0f} s"
