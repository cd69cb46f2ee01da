"""Follow a file that programs append to, as `tail -f` does."""

from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Thread

_SECONDS_BETWEEN_LOOKS = 0.1


@contextmanager
def follow_lines(file: Path, handle: Callable[[str], None]) -> Generator[None, None, None]:
    """Pass each new line of a file to a handler, from a thread; the last lines when the block ends.

    Args:
        file: an existing file that others append to.
        handle: receives a line without its line end.
    """
    over = Event()
    thread = Thread(target=_follow, args=[file, handle, over], daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def _follow(file: Path, handle: Callable[[str], None], over: Event) -> None:
    begun = b""
    with file.open("rb") as lines:
        while True:
            last = over.is_set()  # read before the file, so that no line is missed
            *whole, begun = (begun + lines.read()).split(b"\n")
            if last and begun:
                whole.append(begun)
            for line in whole:
                handle(line.decode(errors="replace"))
            if last:
                return
            over.wait(_SECONDS_BETWEEN_LOOKS)
