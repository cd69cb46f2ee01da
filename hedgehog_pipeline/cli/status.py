"""`hedgehog status`."""

import json
from dataclasses import asdict
from datetime import datetime, timezone

import click

from hedgehog_pipeline.cli.command import Command, as_json, read_deployment


@click.command(cls=Command, examples=["hedgehog status", "hedgehog status --json"])
@as_json
def status(*, as_json: bool) -> None:
    """Show the last landed, processed and loaded commit, the lag, and the rows in quarantine."""
    from hedgehog_pipeline.monitoring.status import read_status

    deployment = read_deployment()
    with deployment.warehouse() as warehouse:
        now = datetime.now(timezone.utc)
        found = read_status(deployment.lake, warehouse, deployment.parameters, now)
    if as_json:
        click.echo(json.dumps(asdict(found)))
    else:
        click.secho(
            str(found), fg="yellow" if found.seconds_behind or found.in_quarantine != 0 else "green"
        )
