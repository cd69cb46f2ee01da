"""What a piece of work costs: seconds, processor time and memory of its processes."""

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Event, Thread

import psutil

_BETWEEN_LOOKS = 0.05
_MEBIBYTE = 1024 * 1024


@dataclass(frozen=True)
class Cost:
    """What one run took.

    Attributes:
        seconds: from its start to its end, by the wall.
        processor: seconds of processor time of its own processes, servers left aside.
        memory: MiB that its processes held together at the worst moment looked at.
        largest: MiB that the largest one of them held.
        rows: rows that it brought, 0 where they are not what it is about.
        bytes: of the objects that it wrote to the lake, or loaded from there.
    """

    seconds: float
    processor: float = 0.0
    memory: float = 0.0
    largest: float = 0.0
    rows: int = 0
    bytes: int = 0


class _Watch(Thread):
    """Looks at a process and its children again and again."""

    def __init__(self, root: psutil.Process) -> None:
        super().__init__(daemon=True)
        self.over = Event()
        self.processor: dict[int, float] = {}
        self.memory = self.largest = 0
        self._root = root

    def run(self) -> None:
        while not self.over.wait(_BETWEEN_LOOKS):
            held = list(self._look())
            self.memory = max(self.memory, sum(held))
            self.largest = max(self.largest, *held, 0)

    def _look(self) -> list[int]:
        sizes: list[int] = []
        try:
            family = [self._root, *self._root.children(recursive=True)]
        except psutil.NoSuchProcess:
            return sizes
        for process in family:
            with suppress(psutil.NoSuchProcess), process.oneshot():
                times = process.cpu_times()
                self.processor[process.pid] = times.user + times.system
                sizes.append(process.memory_info().rss)
        return sizes


def cost_of_command(
    command: Sequence[str | Path], place: Path, environment: Mapping[str, str]
) -> Cost:
    """Run a command to its end.

    Raises:
        RuntimeError: where it fails; with what it said last.
    """
    log = place / "benchmark.log"
    began = time.monotonic()
    with log.open("w", encoding="utf-8") as said:
        process = psutil.Popen(
            list(map(str, command)), cwd=place, env=dict(environment), stdout=said, stderr=said
        )
        watch = _Watch(process)
        watch.start()
        code = process.wait()
    seconds = time.monotonic() - began
    watch.over.set()
    watch.join()
    if code != 0:
        last = log.read_text(encoding="utf-8")[-2000:]
        raise RuntimeError(f"{' '.join(map(str, command))} ended with {code}:\n{last}")
    return Cost(
        seconds, sum(watch.processor.values()), watch.memory / _MEBIBYTE, watch.largest / _MEBIBYTE
    )


def cost_of_call(call: Callable[[], object]) -> Cost:
    """Time a call in this process."""
    began = time.monotonic()
    call()
    return Cost(time.monotonic() - began)
