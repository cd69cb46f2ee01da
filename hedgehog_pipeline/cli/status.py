"""`hedgehog status`."""

import json
from dataclasses import asdict

import click

from hedgehog_pipeline.cli.command import Command, as_json, read_deployment


@click.command(cls=Command, examples=["hedgehog status", "hedgehog status --json"])
@as_json
def status(*, as_json: bool) -> None:
    """Show the last landed, processed and loaded commit, the lag, and the rows in quarantine."""
    found = read_deployment().read_status()
    if as_json:
        click.echo(json.dumps(asdict(found)))
    else:
        click.secho(
            str(found), fg="yellow" if found.seconds_behind or found.in_quarantine != 0 else "green"
        )
