"""Errors that a person can act on: what is wrong, where, and what to do."""

from collections.abc import Iterator


class HedgehogError(Exception):
    """A failure told in one sentence that names what, where and what to do; never a secret."""


class UnreachableError(HedgehogError):
    """A database that gives no connection."""


class AnotherLakeError(HedgehogError):
    """A bucket that is not what it was: emptied, swapped, rolled back, or its log was damaged."""


class UnfitWarehouseError(HedgehogError):
    """A warehouse into which nothing can be loaded until a person has done something to it."""


class LeftError(HedgehogError):
    """All that could be done is done, and commits are left that cannot be."""


def causes(error: BaseException) -> Iterator[BaseException]:
    """Give an error, the one that it was raised from, and so on, each once."""
    given: list[BaseException] = []
    cause: BaseException | None = error
    while cause is not None and cause not in given:
        given.append(cause)
        yield cause
        cause = cause.__cause__
