"""`hedgehog reconcile`."""

import json

import click

from hedgehog_pipeline.cli.command import (
    Command,
    TableName,
    as_json,
    read_deployment,
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
    """Compare source and warehouse key by key; exit code 1 if a difference is unexplained.

    TABLE is a warehouse table; default: every table except date dimensions. A difference is
    explained if, for example, a commit is not loaded yet or the row is in quarantine.
    """
    from hedgehog_pipeline.cli.progress import progress_counter, wants_bars
    from hedgehog_pipeline.reconciliation.reconcile import reconcile
    from hedgehog_pipeline.reconciliation.result import Reconciled, advice_on

    deployment = read_deployment()
    found: list[Reconciled] = []
    wanted = [deployment.model.star[name] for name in tables or reconciled_tables()]
    bars = not as_json and wants_bars(deployment.settings.log_format)
    with (
        deployment.warehouse() as warehouse,
        progress_counter("tables", len(wanted), bars=bars) as advance,
    ):
        for reconciled in reconcile(deployment.lake, warehouse, deployment.open_snapshot, wanted):
            found.append(reconciled)
            advance()
            if not as_json:
                click.secho(str(reconciled), fg="red" if reconciled.faults else None)
    if as_json:
        click.echo(json.dumps({table.table: table.as_json() for table in found}))
    if faulty := [table.table for table in found if table.faults]:
        raise HedgehogError(
            f"Unexplained differences in keys of {', '.join(faulty)}. {advice_on(found)}"
        )
