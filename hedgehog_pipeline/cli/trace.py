"""`hedgehog trace`: the lineage of one row of the warehouse, back to its CSV object."""

import json
from dataclasses import asdict
from datetime import date, datetime, time

import click

from hedgehog_pipeline.cli.command import (
    TAKES_NEGATIVE_KEYS,
    Command,
    Key,
    TableName,
    as_json,
    read_deployment,
    star_tables,
)


@click.command(
    cls=Command,
    context_settings=TAKES_NEGATIVE_KEYS,
    examples=[
        "hedgehog trace fact_sales_order 42",
        "hedgehog trace dim_staff 7",
        "hedgehog trace dim_date 2026-11-22",
        "hedgehog trace fact_payment 4711 --json",
    ],
)
@click.argument("table", type=TableName(star_tables))
@click.argument("key", type=Key())
@as_json
def trace(*, table: str, key: str, as_json: bool) -> None:
    """Trace row KEY of warehouse table TABLE back to its Parquet and CSV objects.

    KEY is the primary key in the source database; for a date dimension, a day (YYYY-MM-DD). For a
    fact every version is shown, the newest last; for a dimension the current row, the only one that
    the warehouse keeps.
    """
    from hedgehog_pipeline.cli.trace_text import render_trace
    from hedgehog_pipeline.trace.trace import trace

    deployment = read_deployment()
    with deployment.warehouse() as warehouse:
        found = trace(deployment.lake, warehouse, deployment.model.star[table], key)
    if as_json:
        click.echo(json.dumps(asdict(found), default=_as_text))
        return
    for line in render_trace(found):
        click.echo(line)


def _as_text(value: object) -> str:
    """Write timestamps, dates and times as ISO 8601, amounts with their decimals."""
    return value.isoformat() if isinstance(value, date | datetime | time) else str(value)
