"""`hedgehog reconcile`."""

import json

import click

from hedgehog_pipeline.cli.command import (
    Command,
    TableName,
    as_json,
    deployment,
    reconciled_tables,
)
from hedgehog_pipeline.errors import HedgehogError


@click.command(
    cls=Command,
    examples=["hedgehog reconcile", "hedgehog reconcile dim_staff fact_payment --json"],
)
@click.argument("tables", metavar="[TABLE]...", nargs=-1, type=TableName(reconciled_tables))
@as_json
def reconcile(*, tables: tuple[str, ...], as_json: bool) -> None:
    """Compare shop and warehouse key by key; exit code 1 where something differs unexplained.

    TABLE is a table of the warehouse; without one, all are compared whose rows are rows of the
    shop, which the days of a dimension of days are not.
    """
    from hedgehog_pipeline.cli.progress import counted_off, wants_bars
    from hedgehog_pipeline.reconciliation.reconcile import reconcile
    from hedgehog_pipeline.reconciliation.result import RECONCILED, Reconciled, advice_on

    place = deployment()
    found: list[Reconciled] = []
    wanted = [RECONCILED[name] for name in tables or RECONCILED]
    bars = not as_json and wants_bars(place.settings.log_format)
    with (
        place.warehouse() as warehouse,
        counted_off("tables", len(wanted), bars=bars) as advance,
    ):
        for reconciled in reconcile(place.lake, warehouse, place.source.moment, wanted):
            found.append(reconciled)
            advance()
            if not as_json:
                click.secho(str(reconciled), fg="red" if reconciled.faults else None)
    if as_json:
        click.echo(json.dumps({table.table: table.as_json() for table in found}))
    if faulty := [table.table for table in found if table.faults]:
        raise HedgehogError(f"Keys of {', '.join(faulty)} differ unexplained. {advice_on(found)}")
