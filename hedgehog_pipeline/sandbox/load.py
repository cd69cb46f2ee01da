"""CPU load on every core, to measure the platform on a busy machine."""

import os
import subprocess
import sys
from collections.abc import Generator
from contextlib import ExitStack, contextmanager

_BUSY = """
import os, sys
while os.getppid() == int(sys.argv[1]):
    for _ in range(1_000_000):
        pass
"""
"""Ends soon after its parent, also if that one was killed."""


@contextmanager
def busy_cores() -> Generator[int, None, None]:
    """Run a busy loop for each CPU core; return the number of cores."""
    cores = os.cpu_count() or 1
    with ExitStack() as stack:
        for _ in range(cores):
            command = [sys.executable, "-c", _BUSY, str(os.getpid())]
            process = subprocess.Popen(command)  # noqa: S603 (the program above)
            stack.callback(process.wait)
            stack.callback(process.kill)
        yield cores
