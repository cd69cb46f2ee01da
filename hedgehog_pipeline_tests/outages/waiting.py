"""The one place in which these tests wait."""

from collections.abc import Callable

from hedgehog_pipeline.sandbox.waiting import await_condition


def awaited(condition: Callable[[], object], seconds: float = 120.0) -> None:
    """Ask again and again, but leave the two cores to the platform."""
    assert await_condition(condition, seconds, every=0.25), f"not so within {seconds:.0f} s"
