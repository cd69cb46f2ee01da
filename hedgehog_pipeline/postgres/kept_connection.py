"""A connection that is used again and again, until it fails."""

import sys
from collections.abc import Callable, Generator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from typing import Generic, TypeVar

Opened = TypeVar("Opened")


class KeptConnection(Generic[Opened]):
    """Opens a connection at its first use and keeps it; after an error, the next use opens another.

    Args:
        connect: opens a connection. An error in a use is raised as if this context had it alone.
    """

    def __init__(self, connect: Callable[[], AbstractContextManager[Opened]]) -> None:
        self._connect = connect
        self._stack = ExitStack()
        self._opened: list[Opened] = []

    @contextmanager
    def use(self) -> Generator[Opened, None, None]:
        """Yield the connection."""
        if not self._opened:
            self._opened = [self._stack.enter_context(self._connect())]
        try:
            yield self._opened[0]
        except BaseException:
            self._opened = []
            if not self._stack.__exit__(*sys.exc_info()):
                raise

    def close(self) -> None:
        """Close the connection, if it is open."""
        self._opened = []
        self._stack.close()
