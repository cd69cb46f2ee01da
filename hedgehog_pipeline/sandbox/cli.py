"""`hedgehog sandbox`, `demo`, `dev` and `latency`: the whole platform on a laptop."""

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from hedgehog_pipeline.cli.command import Command, as_json

if TYPE_CHECKING:
    from hedgehog_pipeline.sandbox.sandbox import Sandbox

_FOLDER = Path(".sandbox")

orders = click.option(
    "--orders",
    default=5000,
    show_default=True,
    help="Past orders of the demo shop; used when the shop is created.",
)
port = click.option("--port", default=3000, show_default=True, help="Port of the Dagster UI.")


@click.group()
def sandbox() -> None:
    """Run PostgreSQL, S3 and an AWS emulator on this machine, with data in `.sandbox`."""


@sandbox.command(
    cls=Command, examples=["hedgehog sandbox up", "hedgehog sandbox up --orders 50000"]
)
@orders
def up(*, orders: int) -> None:
    """Start the servers and write `.env`; the first time, also create and fill the demo shop."""
    sandbox = _sandbox()
    sandbox.up(orders)
    _print_status(sandbox)


@sandbox.command(cls=Command, examples=["hedgehog sandbox down"])
def down() -> None:
    """Stop the servers. The data of shop, lake and warehouse is kept."""
    _sandbox().down()


@sandbox.command(
    cls=Command, examples=["hedgehog sandbox status", "hedgehog sandbox status --json"]
)
@as_json
def status(*, as_json: bool) -> None:
    """Show which servers are running, with their addresses."""
    if as_json:
        click.echo(json.dumps(asdict(_sandbox().status())))
    else:
        _print_status(_sandbox())


@sandbox.command(
    "trade",
    cls=Command,
    examples=["hedgehog sandbox trade", "hedgehog sandbox trade --seconds 10 --per-second 30"],
)
@click.option("--seconds", default=60.0, show_default=True, help="Duration in seconds.")
@click.option("--per-second", default=5.0, show_default=True, help="Operations per second.")
def trade_(*, seconds: float, per_second: float) -> None:
    """Write to the demo shop as its users do: place and change orders, pay, add master data."""
    from hedgehog_pipeline.sandbox.trade import trade

    done = trade(_sandbox().shop_dsn(), seconds=seconds, per_second=per_second)
    click.echo(", ".join(f"{count} {kind}" for kind, count in sorted(done.items())))


@sandbox.command(
    "psql",
    cls=Command,
    context_settings={"ignore_unknown_options": True},
    examples=["hedgehog sandbox psql warehouse", "hedgehog sandbox psql shop -c '\\dt'"],
)
@click.argument("database", type=click.Choice(["shop", "warehouse"]))
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def psql(*, database: str, arguments: tuple[str, ...]) -> None:
    """Open the shop or the warehouse in psql. ARGUMENTS are passed to psql."""
    from hedgehog_pipeline.sandbox.databases import SOURCE, WAREHOUSE

    named = {"shop": SOURCE, "warehouse": WAREHOUSE}[database]
    sys.exit(_sandbox().postgres.psql(named, arguments))


@click.command(cls=Command, examples=["hedgehog demo", "hedgehog demo --orders 50000"])
@orders
def demo(*, orders: int) -> None:
    """Show the platform in a minute: start a sandbox, load it, change it, query the warehouse."""
    from hedgehog_pipeline.sandbox.demo import run_demo

    run_demo(_FOLDER, orders)


@click.command(cls=Command, examples=["hedgehog dev", "hedgehog dev --port 3001"])
@orders
@port
def dev(*, orders: int, port: int) -> None:
    """Run the sandbox, a demo shop with live trade, and the Dagster UI until Ctrl-C."""
    from hedgehog_pipeline.sandbox.dev import run_dev

    run_dev(_FOLDER, orders=orders, port=port)


@click.command(cls=Command, examples=["hedgehog latency", "hedgehog latency --changes 50 --load"])
@click.option(
    "--changes",
    type=click.IntRange(min=4),
    default=20,
    show_default=True,
    help="Number of changes to measure.",
)
@click.option("--load", is_flag=True, help="Keep every CPU core busy during the measurement.")
@orders
@port
def latency(*, changes: int, load: bool, orders: int, port: int) -> None:
    """Measure the seconds from a change in the demo shop to its row in the warehouse.

    The first half of the changes is measured before a delete detection starts, the second half
    after it. Runs the sandbox, live trade and Dagster meanwhile, as `hedgehog dev` does.
    """
    from contextlib import ExitStack

    from hedgehog_pipeline.sandbox.dev import platform_at_work
    from hedgehog_pipeline.sandbox.latency import measure, summary
    from hedgehog_pipeline.sandbox.load import busy_cores
    from hedgehog_pipeline.sandbox.schedule_tick import launch_tick

    sandbox = _sandbox()
    sandbox.up(orders)
    log = _FOLDER / "dagster" / "dev.log"
    click.echo(f"Dagster is starting; its log is {log}.")
    before = changes // 2
    halves = {"before delete detection": before, "since delete detection": changes - before}
    seconds: dict[str, list[float]] = {name: [] for name in halves}
    with ExitStack() as stack:
        stack.enter_context(platform_at_work(_FOLDER, orders=orders, port=port, log=log))
        for _warm_up in measure(sandbox, 1):
            click.echo("Dagster is running and the shop is trading.")
        if load:
            cores = stack.enter_context(busy_cores())
            click.echo(f"{cores} CPU cores are kept busy.")
        for name, count in halves.items():
            if any(seconds.values()):
                launch_tick(port, "sweep")
                click.echo("Delete detection was launched, as its schedule does every hour.")
            for kind, latency_seconds in measure(sandbox, count):
                seconds[name].append(latency_seconds)
                click.echo(f"{kind:<40}{latency_seconds:>6.1f} s")
    click.echo(summary(seconds))


def _sandbox() -> "Sandbox":
    from hedgehog_pipeline.sandbox.sandbox import Sandbox

    return Sandbox(_FOLDER)


def _print_status(sandbox: "Sandbox") -> None:
    servers = sandbox.status()
    for name, server in (
        ("PostgreSQL", servers.postgres),
        ("S3", servers.s3),
        ("AWS", servers.aws),
    ):
        click.echo(f"{name:<12}{server.address or click.style('not running', fg='yellow')}")
