"""Measure the cost of a task: seconds, CPU time and memory of its processes."""

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Event, Thread

import psutil

_SAMPLE_SECONDS = 0.05
_MEBIBYTE = 1024 * 1024


@dataclass(frozen=True)
class Cost:
    """The cost of one run.

    Attributes:
        seconds: wall-clock time.
        processor: CPU seconds of its processes, without the servers.
        memory: the maximum of the summed memory of its processes in MiB.
        largest: the maximum memory of one process in MiB.
        rows: the number of loaded rows, 0 if it is not relevant.
        bytes: the size of the objects that it wrote to the lake or read from it.
    """

    seconds: float
    processor: float = 0.0
    memory: float = 0.0
    largest: float = 0.0
    rows: int = 0
    bytes: int = 0


class _Watch(Thread):
    """Samples a process and its children."""

    def __init__(self, root: psutil.Process) -> None:
        super().__init__(daemon=True)
        self.over = Event()
        self.processor: dict[int, float] = {}
        self.memory = self.largest = 0
        self._root = root

    def run(self) -> None:
        while not self.over.wait(_SAMPLE_SECONDS):
            sizes = list(self._sample())
            self.memory = max(self.memory, sum(sizes))
            self.largest = max(self.largest, *sizes, 0)

    def _sample(self) -> list[int]:
        sizes: list[int] = []
        try:
            processes = [self._root, *self._root.children(recursive=True)]
        except psutil.NoSuchProcess:
            return sizes
        for process in processes:
            with suppress(psutil.NoSuchProcess), process.oneshot():
                times = process.cpu_times()
                self.processor[process.pid] = times.user + times.system
                sizes.append(process.memory_info().rss)
        return sizes


def cost_of_command(
    command: Sequence[str | Path], folder: Path, environment: Mapping[str, str]
) -> Cost:
    """Run a command to its end.

    Raises:
        RuntimeError: if it fails, with its last output.
    """
    log = folder / "benchmark.log"
    started = time.monotonic()
    with log.open("w", encoding="utf-8") as output:
        process = psutil.Popen(
            list(map(str, command)), cwd=folder, env=dict(environment), stdout=output, stderr=output
        )
        watch = _Watch(process)
        watch.start()
        code = process.wait()
    seconds = time.monotonic() - started
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
    started = time.monotonic()
    call()
    return Cost(time.monotonic() - started)
