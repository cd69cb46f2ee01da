"""Every core kept busy, to see how the platform does beside other work."""

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
"""Ends by itself soon after its parent, however that ended."""


@contextmanager
def busy_cores() -> Generator[int, None, None]:
    """Run a busy loop for each core of the machine; give how many there are."""
    cores = os.cpu_count() or 1
    with ExitStack() as stack:
        for _ in range(cores):
            command = [sys.executable, "-c", _BUSY, str(os.getpid())]
            process = subprocess.Popen(command)  # noqa: S603 (the program above)
            stack.callback(process.wait)
            stack.callback(process.kill)
        yield cores
