"""`hedgehog sandbox`: the whole platform's surroundings on a laptop."""

import sys
from pathlib import Path

import click

from hedgehog_pipeline.sandbox.databases import SHOP, WAREHOUSE
from hedgehog_pipeline.sandbox.demo import run_demo
from hedgehog_pipeline.sandbox.dev import platform_at_work, run_dev
from hedgehog_pipeline.sandbox.latency import measure, summary
from hedgehog_pipeline.sandbox.sandbox import Sandbox
from hedgehog_pipeline.sandbox.trade import trade

_DATABASES = {"shop": SHOP, "warehouse": WAREHOUSE}


@click.group()
def sandbox() -> None:
    """Start and stop the sandbox: PostgreSQL, S3 and a stand-in for AWS, in `.sandbox`."""


@sandbox.command()
@click.option("--orders", default=5000, show_default=True, help="Orders in the shop's archive.")
def up(orders: int) -> None:
    """Start what is not running; the first time, fill the shop; write `.env`."""
    place = Sandbox()
    place.up(orders)
    _tell(place)


@sandbox.command()
def down() -> None:
    """Stop the servers; shop, lake and warehouse stay as they are."""
    Sandbox().down()


@sandbox.command()
def status() -> None:
    """Tell which servers run, and where."""
    _tell(Sandbox())


@sandbox.command("trade")
@click.option("--seconds", default=60.0, show_default=True, help="How long.")
@click.option("--per-second", default=5.0, show_default=True, help="How many things a second.")
def trade_(seconds: float, per_second: float) -> None:
    """Let the shop go on trading."""
    done = trade(Sandbox().shop_dsn(), seconds=seconds, per_second=per_second)
    click.echo(", ".join(f"{count} {kind}" for kind, count in sorted(done.items())))


@sandbox.command("psql", context_settings={"ignore_unknown_options": True})
@click.argument("database", type=click.Choice(list(_DATABASES)))
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def psql(database: str, arguments: tuple[str, ...]) -> None:
    """Open the shop or the warehouse in psql; further arguments are psql's own."""
    sys.exit(Sandbox().postgres.psql(_DATABASES[database], arguments))


@click.command()
@click.option("--orders", default=5000, show_default=True, help="Orders in the shop's archive.")
def demo(orders: int) -> None:
    """Show it all: sandbox, archive, trading, and answers from the warehouse."""
    run_demo(Path(".sandbox"), orders)


@click.command()
@click.option("--orders", default=5000, show_default=True, help="Orders in the shop's archive.")
@click.option("--port", default=3000, show_default=True, help="Port of the Dagster UI.")
def dev(orders: int, port: int) -> None:
    """Start the sandbox, a shop that trades and the Dagster UI, until Ctrl-C."""
    run_dev(Path(".sandbox"), orders=orders, port=port)


@click.command()
@click.option("--changes", default=20, show_default=True, help="How many changes to time.")
@click.option("--orders", default=5000, show_default=True, help="Orders in the shop's archive.")
@click.option("--port", default=3000, show_default=True, help="Port of the Dagster UI.")
def latency(changes: int, orders: int, port: int) -> None:
    """Time changes from their commit in the shop to their rows in the warehouse."""
    folder = Path(".sandbox")
    place = Sandbox(folder)
    place.up(orders)
    log = folder / "dagster" / "dev.log"
    click.echo(f"Dagster starts; its lines go to {log}.")
    with platform_at_work(folder, orders=orders, port=port, log=log):
        for _warm_up in measure(place, 1):
            click.echo("Dagster is at work, the shop trades.")
        seconds: list[float] = []
        for kind, taken in measure(place, changes):
            seconds.append(taken)
            click.echo(f"{kind:<32}{taken:>6.1f} s")
    click.echo(summary(seconds))


def _tell(place: Sandbox) -> None:
    servers = place.status()
    for name, server in (
        ("PostgreSQL", servers.postgres),
        ("S3", servers.s3),
        ("AWS", servers.aws),
    ):
        click.echo(f"{name:<12}{server.address or 'not running'}")
