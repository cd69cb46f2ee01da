"""Errors that a person can act on: what is wrong, where, and what to do."""


class HedgehogError(Exception):
    """A failure told in one sentence that names what, where and what to do; never a secret."""


class UnreachableError(HedgehogError):
    """A database that gives no connection."""


class AnotherLakeError(HedgehogError):
    """A bucket that is not what it was: emptied, swapped, rolled back, or its log was damaged."""
