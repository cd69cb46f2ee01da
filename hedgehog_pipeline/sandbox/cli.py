"""`hedgehog sandbox`: the whole platform's surroundings on a laptop."""

from pathlib import Path

import click

from hedgehog_pipeline.sandbox.demo import run_demo
from hedgehog_pipeline.sandbox.dev import run_dev
from hedgehog_pipeline.sandbox.sandbox import Sandbox
from hedgehog_pipeline.sandbox.trade import trade


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


def _tell(place: Sandbox) -> None:
    servers = place.status()
    for name, server in (
        ("PostgreSQL", servers.postgres),
        ("S3", servers.s3),
        ("AWS", servers.aws),
    ):
        click.echo(f"{name:<12}{server.address or 'not running'}")
