"""`hedgehog quarantine`: rows that were rejected because of a bad value."""

import json
from dataclasses import asdict

import click

from hedgehog_pipeline.cli.command import (
    TAKES_NEGATIVE_KEYS,
    Command,
    Key,
    TableName,
    as_json,
    read_deployment,
    source_tables,
)


@click.group()
def quarantine() -> None:
    """List and show the rows in quarantine, and process them again once the cause is fixed."""


@quarantine.command(
    "list",
    cls=Command,
    examples=["hedgehog quarantine list", "hedgehog quarantine list --all --json"],
)
@click.option("--all", "closed", is_flag=True, help="Include closed entries.")
@as_json
def list_quarantine(*, closed: bool, as_json: bool) -> None:
    """List the quarantine entries: each bad value with its reason, the newest last."""
    from hedgehog_pipeline.monitoring.quarantine import read_entries, render_entries

    with read_deployment().warehouse() as warehouse:
        entries = read_entries(warehouse, closed=closed)
    if as_json:
        click.echo(json.dumps([asdict(entry) for entry in entries]))
        return
    for line in render_entries(entries, state=closed) if entries else ():
        click.echo(line)
    still_open = sum(entry.open for entry in entries)
    counted = f"{still_open} open" + (f", {len(entries) - still_open} closed" if closed else "")
    click.secho(counted, fg="yellow" if still_open else "green")


@quarantine.command(
    "show",
    cls=Command,
    context_settings=TAKES_NEGATIVE_KEYS,
    examples=[
        "hedgehog quarantine show payment 4711",
        "hedgehog quarantine show payment 4711 --json",
    ],
)
@click.argument("table", type=TableName(source_tables))
@click.argument("key", type=Key())
@as_json
def show_quarantine(*, table: str, key: str, as_json: bool) -> None:
    """Show every quarantine entry of row KEY in source table TABLE, and the row as it landed."""
    from hedgehog_pipeline.monitoring.quarantine import format_row, quarantined_rows_of

    deployment = read_deployment()
    with deployment.warehouse() as warehouse:
        rows = quarantined_rows_of(table, key, warehouse, deployment.lake.ingestion)
    if as_json:
        click.echo(json.dumps([asdict(row) for row in rows]))
        return
    for line in format_row(rows):
        click.echo(line)


@quarantine.command(
    "replay",
    cls=Command,
    examples=["hedgehog quarantine replay", "hedgehog quarantine replay --json"],
)
@as_json
def replay_quarantine(*, as_json: bool) -> None:
    """Process the rows in quarantine again, after you fixed the declaration or the code."""
    from hedgehog_pipeline.cli.progress import print_summary, show_progress, wants_bars
    from hedgehog_pipeline.errors import SkippedCommitsError
    from hedgehog_pipeline.monitoring.quarantine import closed_since, read_entries
    from hedgehog_pipeline.runner.runner import replay_until_done

    deployment = read_deployment()
    with deployment.warehouse() as warehouse:
        before = read_entries(warehouse)
    left: SkippedCommitsError | None = None
    if before:
        runs = replay_until_done(deployment, {entry.commit for entry in before})
        try:
            if as_json:
                list(runs)
            else:
                bars = wants_bars(deployment.settings.log_format)
                print_summary(show_progress(runs, lambda: None, bars=bars), "")
        except SkippedCommitsError as error:
            left = error
    with deployment.warehouse() as warehouse:
        after = read_entries(warehouse)
    closed = closed_since(before, after)
    if as_json:
        click.echo(json.dumps({"closed": closed, "open": len(after)}))
    else:
        click.echo(f"{closed} closed, {len(after)} open")
    if left:
        raise left
