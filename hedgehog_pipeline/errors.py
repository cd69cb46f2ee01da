"""Errors for people: each message says what is wrong, where, and what to do."""

from collections.abc import Iterator


class HedgehogError(Exception):
    """A failure, in one sentence that says what, where and what to do; never a secret."""


class UnreachableError(HedgehogError):
    """A database that cannot be connected to."""


class LakeMismatchError(HedgehogError):
    """A bucket that was emptied, swapped or rolled back, or whose log was damaged."""


class UnfitWarehouseError(HedgehogError):
    """A warehouse that accepts no load until a person repairs or migrates it."""


class SkippedCommitsError(HedgehogError):
    """Everything else is done, but some commits could not be processed or loaded."""


def causes(error: BaseException) -> Iterator[BaseException]:
    """Yield an error and its chain of causes, each once."""
    seen: list[BaseException] = []
    cause: BaseException | None = error
    while cause is not None and cause not in seen:
        seen.append(cause)
        yield cause
        cause = cause.__cause__
