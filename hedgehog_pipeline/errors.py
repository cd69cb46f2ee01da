"""Errors that a person can act on: what is wrong, where, and what to do."""

from collections.abc import Iterator


class HedgehogError(Exception):
    """A failure told in one sentence that names what, where and what to do; never a secret."""


class UnreachableError(HedgehogError):
    """A database that gives no connection."""


class AnotherLakeError(HedgehogError):
    """A bucket that is not the one that work was taken from: emptied, swapped or rolled back."""


class LeftError(HedgehogError):
    """All that could be done is done, and commits are left that cannot be."""


def causes(error: BaseException) -> Iterator[BaseException]:
    """Give an error, what it was raised for, and so on to the first cause."""
    cause: BaseException | None = error
    while cause is not None:
        yield cause
        cause = cause.__cause__ or (None if cause.__suppress_context__ else cause.__context__)
