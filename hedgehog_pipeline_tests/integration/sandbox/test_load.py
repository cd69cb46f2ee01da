"""The busy loops end with the command that started them."""

import subprocess
import sys

import psutil

from hedgehog_pipeline.sandbox.load import busy_cores
from hedgehog_pipeline.sandbox.waiting import await_condition

_COMMAND = """
import sys
from hedgehog_pipeline.sandbox.load import busy_cores
with busy_cores():
    print("busy", flush=True)
    sys.stdin.read()
"""


def test_each_core_has_one_busy_loop_until_the_block_ends() -> None:
    with busy_cores() as cores:
        busy = [each for each in psutil.Process().children() if _is_busy_loop(each)]
        assert len(busy) == cores
    assert not any(process.is_running() for process in busy)


def test_the_busy_loops_end_if_the_command_is_killed() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", _COMMAND], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as command:
        assert command.stdout
        command.stdout.readline()
        busy = psutil.Process(command.pid).children()
        assert busy
        command.kill()
    assert await_condition(lambda: not any(map(_is_alive, busy)), 30)


def _is_busy_loop(process: psutil.Process) -> bool:
    """Return whether a process is a busy loop; a zombie of another test is none."""
    try:
        return any("getppid" in part for part in process.cmdline())
    except (psutil.NoSuchProcess, psutil.ZombieProcess):
        return False


def _is_alive(process: psutil.Process) -> bool:
    try:
        return process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
