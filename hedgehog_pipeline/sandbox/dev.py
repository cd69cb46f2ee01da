"""`hedgehog dev`: the sandbox, a demo shop with live trade, and `dagster dev`."""

import math
import os
import subprocess
import sys
from collections.abc import Generator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from threading import Thread

import click
import psutil
from dotenv import dotenv_values

from hedgehog_pipeline.logs.follow import follow_lines
from hedgehog_pipeline.logs.lines import as_text
from hedgehog_pipeline.sandbox.clients import fetch_json
from hedgehog_pipeline.sandbox.console import DevConsole
from hedgehog_pipeline.sandbox.ending import (
    end,
    ignore_stop_signals,
    interrupted_by_stop_signals,
    started,
)
from hedgehog_pipeline.sandbox.errors import SandboxError, log_tail
from hedgehog_pipeline.sandbox.ports import LOOPBACK, can_bind
from hedgehog_pipeline.sandbox.sandbox import Sandbox, all_at_once
from hedgehog_pipeline.sandbox.waiting import await_condition
from hedgehog_pipeline.settings import Settings

_HEDGEHOG = [sys.executable, "-c", "from hedgehog_pipeline.cli import main; main()"]
_TRADING = ["sandbox", "trade", "--seconds", "inf", "--per-second", "0.2"]
_WORKSPACE = Path(__file__).with_name("workspace.yaml")
_DAGSTER = [
    *(sys.executable, "-m", "hedgehog_pipeline.orchestration.dagster_dev"),
    *("dev", "-w", str(_WORKSPACE)),
]
_CODE_SERVER = "dagster api grpc"
_SECONDS_TO_RELOAD = 20
_DAGSTER_GRACE_SECONDS = 7
_TRADE_GRACE_SECONDS = 1
"""How long each may take to end by itself: with the servers, all ends within 15 seconds."""


def run_dev(folder: Path, *, orders: int, port: int) -> None:
    """Run until Ctrl-C, SIGTERM or SIGHUP, then stop everything that this command started.

    On a terminal it prints a line for each batch and logs all output to a file. Otherwise it prints
    all output.

    Raises:
        SandboxError: if the port is in use, or a process of Dagster ends unexpectedly.
    """
    if not can_bind(port):
        raise SandboxError(f"Port {port} of {LOOPBACK} is in use. Choose another one with --port.")
    for_person = as_text(Settings.from_environment().log_format, sys.stdout)
    log = folder.resolve() / "dagster" / "dev.log" if for_person else None
    if for_person:
        click.echo("Starting the sandbox, live trade in the demo shop, and Dagster ...")
    with platform_at_work(folder, orders=orders, port=port, log=log) as dagster:
        with ExitStack() as console, suppress(KeyboardInterrupt):
            if log:
                console.enter_context(follow_lines(log, DevConsole().print_line))
            _await_end(dagster, port, log)
        if for_person:
            click.echo("\nStopping everything that was started here ...")
    if for_person:
        click.echo("Stopped. All data is kept; the next `hedgehog dev` continues with it.")


def _await_end(dagster: subprocess.Popen[bytes], port: int, log: Path | None) -> None:
    """Print the address of the UI; then wait, and raise an error if a process of Dagster ends."""
    url = f"http://{LOOPBACK}:{port}"

    def answers() -> bool:
        return dagster.poll() is not None or fetch_json(f"{url}/server_info") is not None

    await_condition(answers, math.inf, every=0.5)
    if log and dagster.poll() is None:
        click.secho(f"Dagster UI: {url}   Press Ctrl-C to stop.", bold=True)
        click.echo(f"Each batch that is loaded prints one line here. Full log: {_short(log)}")
    dagster.wait()
    if log:
        click.echo(log_tail(log), err=True)
    raise SandboxError(
        "A process of Dagster ended: daemon, webserver or code server. The lines above say why. "
        "No data is lost. Start `hedgehog dev` again."
    )


def _short(file: Path) -> Path:
    """Return a path relative to the current folder, if it is inside."""
    return file.relative_to(Path.cwd()) if file.is_relative_to(Path.cwd()) else file


@contextmanager
def platform_at_work(
    folder: Path, *, orders: int, port: int, log: Path | None, trading: bool = True
) -> Generator[subprocess.Popen[bytes], None, None]:
    """Start sandbox, live trade and Dagster as far as they are not running; stop them at the end.

    SIGTERM and SIGHUP stop it as Ctrl-C does. While it stops, it ignores all three.

    Args:
        folder: the `.sandbox` folder; trade and Dagster run in its parent folder.
        orders: past orders of the demo shop, if it has to be created.
        port: the port of the Dagster UI.
        log: the file for all output, with our own lines as JSON; None for the console.
        trading: whether to start live trade.
    """
    sandbox = Sandbox(folder)
    with interrupted_by_stop_signals(), ExitStack() as stack:
        try:
            servers = (sandbox.postgres, sandbox.s3, sandbox.aws)
            if idle := [server for server in servers if not server.running]:
                stack.callback(all_at_once, [server.stop for server in idle])
            sandbox.up(orders)
            environment = {**os.environ, **_strings(sandbox.dotenv), "HEDGEHOG_LOG_FORMAT": "json"}
            output = stack.enter_context(log.open("wb")) if log else None
            at = sandbox.folder.parent
            if trading:
                command = [*_HEDGEHOG, *_TRADING]
                stack.enter_context(
                    started(command, at, environment, output, grace=_TRADE_GRACE_SECONDS)
                )
            dagster = [*_DAGSTER, "--host", LOOPBACK, "-p", str(port)]
            process = stack.enter_context(
                started(dagster, at, environment, output, grace=_DAGSTER_GRACE_SECONDS)
            )
            Thread(target=_end_without_code_server, args=[process], daemon=True).start()
            yield process
        finally:
            ignore_stop_signals()


def _strings(dotenv: Path) -> dict[str, str]:
    return {name: value for name, value in dotenv_values(dotenv).items() if value is not None}


def _end_without_code_server(dagster: subprocess.Popen[bytes]) -> None:
    """End `dagster dev` when its code server has ended and is not restarted in time.

    Without a daemon or webserver it ends by itself. Without a code server it would run on, but no
    sensor would be evaluated and no alert sent.
    """

    def ended() -> bool:
        return dagster.poll() is not None

    def serves() -> bool:
        return ended() or bool(processes_of(dagster, _CODE_SERVER))

    def is_missing() -> bool:
        return ended() or not await_condition(serves, _SECONDS_TO_RELOAD, every=1)

    await_condition(serves, math.inf, every=1)
    await_condition(is_missing, math.inf, every=1)
    end(dagster, _DAGSTER_GRACE_SECONDS)


def processes_of(program: subprocess.Popen[bytes], text: str) -> list[psutil.Process]:
    """Return the descendants of a program whose command line contains a text."""
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
