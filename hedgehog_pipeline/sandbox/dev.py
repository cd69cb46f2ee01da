"""`hedgehog dev`: the sandbox, a shop that trades, and `dagster dev`, until Ctrl-C."""

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

from hedgehog_pipeline.logs.follow import followed
from hedgehog_pipeline.logs.lines import as_text
from hedgehog_pipeline.sandbox.clients import fetch_json
from hedgehog_pipeline.sandbox.console import DevConsole
from hedgehog_pipeline.sandbox.ending import (
    end,
    ignore_requests,
    interrupted_by_requests,
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
    *(sys.executable, "-m", "hedgehog_pipeline.sandbox.dagster_dev"),
    *("dev", "-w", str(_WORKSPACE)),
]
_CODE_SERVER = "dagster api grpc"
_SECONDS_TO_RELOAD = 20
_SECONDS_OF_DAGSTER = 7
_SECONDS_OF_TRADE = 1
"""What each has to end by itself: all is over within 15 seconds, those of the servers included."""


def run_dev(folder: Path, *, orders: int, port: int) -> None:
    """Run until Ctrl-C, SIGTERM or SIGHUP, then stop all that was started here.

    A person sees a line for each batch, and all else stands in a file; a program gets all lines.

    Raises:
        SandboxError: where the port is taken, or a part of Dagster ends before that.
    """
    if not can_bind(port):
        raise SandboxError(f"Port {port} of {LOOPBACK} is taken: choose another one by --port.")
    for_people = as_text(Settings.from_environment().log_format, sys.stdout)
    log = folder.resolve() / "dagster" / "dev.log" if for_people else None
    if for_people:
        click.echo("The sandbox, a shop that trades and Dagster start ...")
    with platform_at_work(folder, orders=orders, port=port, log=log) as dagster:
        with ExitStack() as shown, suppress(KeyboardInterrupt):
            if log:
                shown.enter_context(followed(log, DevConsole().tell))
            _await_end(dagster, port, log)
        if for_people:
            click.echo("\nAll that was started here ends ...")
    if for_people:
        click.echo("Ended. Shop, lake and warehouse stay; `hedgehog dev` goes on from there.")


def _await_end(dagster: subprocess.Popen[bytes], port: int, log: Path | None) -> None:
    """Wait until a part of Dagster ends, which it is not meant to do; say where its UI is."""
    url = f"http://{LOOPBACK}:{port}"

    def answers() -> bool:
        return dagster.poll() is not None or fetch_json(f"{url}/server_info") is not None

    await_condition(answers, math.inf, every=0.5)
    if log and dagster.poll() is None:
        click.secho(f"Dagster's UI: {url}   Ctrl-C ends all of it.", bold=True)
        click.echo(f"One line for each batch in the warehouse; all lines: {_short(log)}")
    dagster.wait()
    if log:
        click.echo(log_tail(log), err=True)
    raise SandboxError(
        "A part of Dagster ended: its daemon, its webserver or its code server; the lines "
        "above tell why. Nothing is lost: start it again."
    )


def _short(file: Path) -> Path:
    """Name a file as seen from here."""
    return file.relative_to(Path.cwd()) if file.is_relative_to(Path.cwd()) else file


@contextmanager
def platform_at_work(
    folder: Path, *, orders: int, port: int, log: Path | None, trading: bool = True
) -> Generator[subprocess.Popen[bytes], None, None]:
    """Start what does not run yet of sandbox, trading shop and Dagster; stop it at the end.

    SIGTERM and SIGHUP interrupt it as Ctrl-C does; while it stops, nothing does.

    Args:
        folder: of the sandbox, named `.sandbox`; both programs run beside it.
        orders: in the shop's archive, if it is to be filled.
        port: of the Dagster UI.
        log: the file that all lines go to, ours as JSON; None for the console.
        trading: whether the shop trades.
    """
    place = Sandbox(folder)
    with interrupted_by_requests(), ExitStack() as stack:
        try:
            servers = (place.postgres, place.s3, place.aws)
            if resting := [server for server in servers if not server.running]:
                stack.callback(all_at_once, [server.stop for server in resting])
            place.up(orders)
            environment = {**os.environ, **_strings(place.dotenv), "HEDGEHOG_LOG_FORMAT": "json"}
            output = stack.enter_context(log.open("wb")) if log else None
            at = place.folder.parent
            if trading:
                command = [*_HEDGEHOG, *_TRADING]
                stack.enter_context(
                    started(command, at, environment, output, grace=_SECONDS_OF_TRADE)
                )
            dagster = [*_DAGSTER, "--host", LOOPBACK, "-p", str(port)]
            process = stack.enter_context(
                started(dagster, at, environment, output, grace=_SECONDS_OF_DAGSTER)
            )
            Thread(target=_end_without_code_server, args=[process], daemon=True).start()
            yield process
        finally:
            ignore_requests()


def _strings(dotenv: Path) -> dict[str, str]:
    return {name: value for name, value in dotenv_values(dotenv).items() if value is not None}


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
    end(dagster, _SECONDS_OF_DAGSTER)


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
