"""Lines that programs append to a file, handed on as they come."""

from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Thread

_SECONDS_BETWEEN_LOOKS = 0.1


@contextmanager
def followed(file: Path, tell: Callable[[str], None]) -> Generator[None, None, None]:
    """Hand on each line of a file, by a thread; at the end of the block also what came last.

    Args:
        file: to which others append; it is there already.
        tell: takes a line without its end.
    """
    over = Event()
    thread = Thread(target=_follow, args=[file, tell, over], daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def _follow(file: Path, tell: Callable[[str], None], over: Event) -> None:
    begun = b""
    with file.open("rb") as lines:
        while True:
            last = over.is_set()  # asked before the file is read, so that nothing is left in it
            *whole, begun = (begun + lines.read()).split(b"\n")
            if last and begun:
                whole.append(begun)
            for line in whole:
                tell(line.decode(errors="replace"))
            if last:
                return
            over.wait(_SECONDS_BETWEEN_LOOKS)
