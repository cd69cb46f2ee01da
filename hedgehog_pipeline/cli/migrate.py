"""`hedgehog migrate`."""

import click

from hedgehog_pipeline.cli.command import Command, read_deployment
from hedgehog_pipeline.printable import printable_lines


@click.command(cls=Command, examples=["hedgehog migrate"])
def migrate() -> None:
    """Alter the warehouse tables to match their declarations, and print each statement."""
    with read_deployment().warehouse() as warehouse:
        statements = warehouse.migrate()
    for statement in statements or ["Nothing to do: the warehouse tables match the declarations."]:
        click.echo(printable_lines(statement))
