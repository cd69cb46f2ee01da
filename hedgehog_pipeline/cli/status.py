"""`hedgehog status`."""

import json
from dataclasses import asdict
from datetime import datetime, timezone

import click

from hedgehog_pipeline.cli.command import Command, as_json, deployment


@click.command(cls=Command, examples=["hedgehog status", "hedgehog status --json"])
@as_json
def status(*, as_json: bool) -> None:
    """Tell what is landed, processed and loaded, how far behind that is, and what is left out."""
    from hedgehog_pipeline.monitoring.status import read_status

    place = deployment()
    with place.warehouse() as warehouse:
        found = read_status(place.lake, warehouse, place.parameters, datetime.now(timezone.utc))
    if as_json:
        click.echo(json.dumps(asdict(found)))
    else:
        click.secho(
            str(found), fg="yellow" if found.seconds_behind or found.in_quarantine != 0 else "green"
        )
