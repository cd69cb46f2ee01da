"""`hedgehog trace`: a record of the warehouse followed back to the object it came from."""

import json
from dataclasses import asdict
from datetime import date, datetime, time
from typing import TYPE_CHECKING, Any

import click

from hedgehog_pipeline.cli.command import (
    TAKES_NEGATIVE_KEYS,
    Command,
    Key,
    TableName,
    as_json,
    deployment,
    star_tables,
)

if TYPE_CHECKING:
    from hedgehog_pipeline.trace.trace import Trace


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
    """Follow the record KEY of the warehouse's TABLE back to its Parquet and its CSV.

    KEY is the key in the shop's terms, of dim_date a day. Of a fact every version is told, of a
    dimension the newest, which is the one that the warehouse keeps; the newest is last.
    """
    from hedgehog_pipeline.cli.trace_text import lines_of
    from hedgehog_pipeline.model.star import STAR
    from hedgehog_pipeline.trace.trace import trace

    place = deployment()
    with place.warehouse() as warehouse:
        found = trace(place.lake, warehouse, STAR[table], key)
    if as_json:
        click.echo(json.dumps(_object(found), default=_text))
        return
    for line in lines_of(found):
        click.echo(line)


def _object(found: "Trace") -> dict[str, Any]:
    """Give what a script reads: the row itself and where it came from side by side."""
    told = asdict(found)
    told["versions"] = [version.pop("held") | version for version in told["versions"]]
    return told


def _text(value: object) -> str:
    """Write moments, days and times as ISO 8601 does, amounts with their decimals."""
    return value.isoformat() if isinstance(value, date | datetime | time) else str(value)
