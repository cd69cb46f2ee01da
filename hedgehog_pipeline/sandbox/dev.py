"""`hedgehog dev`: the sandbox, a shop that trades, and `dagster dev`, until Ctrl-C."""

import os
import signal
import subprocess
import sys
from collections.abc import Generator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import IO

from dotenv import dotenv_values

from hedgehog_pipeline.sandbox.sandbox import Sandbox

_HEDGEHOG = [sys.executable, "-c", "from hedgehog_pipeline.cli import main; main()"]
_TRADING = ["sandbox", "trade", "--seconds", "inf", "--per-second", "0.2"]
_DAGSTER = [sys.executable, "-m", "dagster", "dev", "-m", "hedgehog_pipeline.definitions"]
_SECONDS_TO_END = 30


def run_dev(folder: Path, *, orders: int, port: int) -> None:
    """Run until Ctrl-C (or SIGTERM), then stop all that was started here."""
    with (
        platform_at_work(folder, orders=orders, port=port, log=None) as dagster,
        suppress(KeyboardInterrupt),
    ):
        dagster.wait()


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
        yield stack.enter_context(_started(dagster, at, environment, output))


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
        for sign in (signal.SIGINT, signal.SIGKILL):
            if process.poll() is None:
                os.killpg(process.pid, sign)
                try:
                    process.wait(_SECONDS_TO_END)
                except subprocess.TimeoutExpired:
                    continue
