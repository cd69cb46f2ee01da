"""`hedgehog dev`: the sandbox, a shop that trades, and `dagster dev`, until Ctrl-C."""

import math
import os
import signal
import subprocess
import sys
from collections.abc import Generator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from threading import Thread
from typing import IO

import psutil
from dotenv import dotenv_values

from hedgehog_pipeline.sandbox.errors import SandboxError
from hedgehog_pipeline.sandbox.sandbox import Sandbox
from hedgehog_pipeline.sandbox.waiting import await_condition

_HEDGEHOG = [sys.executable, "-c", "from hedgehog_pipeline.cli import main; main()"]
_TRADING = ["sandbox", "trade", "--seconds", "inf", "--per-second", "0.2"]
_WORKSPACE = Path(__file__).with_name("workspace.yaml")
_DAGSTER = [sys.executable, "-m", "dagster", "dev", "-w", str(_WORKSPACE)]
_CODE_SERVER = "dagster api grpc"
_SECONDS_TO_END = 20
_SECONDS_TO_RELOAD = 20


def run_dev(folder: Path, *, orders: int, port: int) -> None:
    """Run until Ctrl-C (or SIGTERM), then stop all that was started here.

    Raises:
        SandboxError: where a part of Dagster ends before that.
    """
    with (
        platform_at_work(folder, orders=orders, port=port, log=None) as dagster,
        suppress(KeyboardInterrupt),
    ):
        dagster.wait()
        raise SandboxError(
            "A part of Dagster ended: its daemon, its webserver or its code server; the lines "
            "above tell why. Nothing is lost: start it again."
        )


@contextmanager
def platform_at_work(
    folder: Path, *, orders: int, port: int, log: Path | None, trading: bool = True
) -> Generator[subprocess.Popen[bytes], None, None]:
    """Start what does not run yet of sandbox, trading shop and Dagster; stop it at the end.

    Args:
        folder: of the sandbox, named `.sandbox`; both programs run beside it.
        orders: in the shop's archive, if it is to be filled.
        port: of the Dagster UI.
        log: the file that Dagster's lines go to, None for the console.
        trading: whether the shop trades.
    """
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    place = Sandbox(folder)
    with ExitStack() as stack:
        if not place.status().postgres.running:
            stack.callback(place.down)
        place.up(orders)
        environment = {**os.environ, **_strings(place.dotenv)}
        output = stack.enter_context(log.open("wb")) if log else None
        at = place.folder.parent
        if trading:
            stack.enter_context(_started([*_HEDGEHOG, *_TRADING], at, environment, output))
        dagster = [*_DAGSTER, "--host", "127.0.0.1", "-p", str(port)]
        process = stack.enter_context(_started(dagster, at, environment, output))
        Thread(target=_end_without_code_server, args=[process], daemon=True).start()
        yield process


def _strings(dotenv: Path) -> dict[str, str]:
    return {name: value for name, value in dotenv_values(dotenv).items() if value is not None}


@contextmanager
def _started(
    command: list[str], at: Path, environment: dict[str, str], output: IO[bytes] | None
) -> Generator[subprocess.Popen[bytes], None, None]:
    """Run a program in a group of its own; interrupt the group at the end, then end it."""
    process = subprocess.Popen(  # noqa: S603 (programs named above)
        command,
        cwd=at,
        env=environment,
        stdout=output,
        stderr=output and subprocess.STDOUT,
        start_new_session=True,
    )
    try:
        yield process
    finally:
        _end(process)


def _end(process: subprocess.Popen[bytes]) -> None:
    """Interrupt a program and all of its group, and end it when it does not listen."""
    # A shell starts programs in its background with SIGINT ignored.
    for sign in (signal.SIGINT, signal.SIGTERM, signal.SIGKILL):
        if process.poll() is None:
            os.killpg(process.pid, sign)
            try:
                process.wait(_SECONDS_TO_END)
            except subprocess.TimeoutExpired:
                continue


def _end_without_code_server(dagster: subprocess.Popen[bytes]) -> None:
    """End `dagster dev`, which ends by itself without daemon or webserver, without this one too.

    It would go on for ever, without a tick of a sensor and so without an alert.
    """

    def ended() -> bool:
        return dagster.poll() is not None

    def serves() -> bool:
        return ended() or bool(processes_of(dagster, _CODE_SERVER))

    def stays_away() -> bool:
        return ended() or not await_condition(serves, _SECONDS_TO_RELOAD, every=1)

    await_condition(serves, math.inf, every=1)
    await_condition(stays_away, math.inf, every=1)
    _end(dagster)


def processes_of(program: subprocess.Popen[bytes], text: str) -> list[psutil.Process]:
    """Find the processes that a program started whose command line holds a text."""
    try:
        found = psutil.Process(program.pid).children(recursive=True)
    except psutil.NoSuchProcess:
        return []
    return [process for process in found if text in " ".join(_command(process))]


def _command(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except psutil.Error:
        return []
