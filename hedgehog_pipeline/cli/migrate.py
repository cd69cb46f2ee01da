"""`hedgehog migrate`."""

import click

from hedgehog_pipeline.cli.command import Command, deployment
from hedgehog_pipeline.printable import printable_lines


@click.command(cls=Command, examples=["hedgehog migrate"])
def migrate() -> None:
    """Alter the warehouse's tables to what is declared, and print each statement."""
    with deployment().warehouse() as warehouse:
        statements = warehouse.migrate()
    for statement in statements or ["Nothing to do: the warehouse's tables are as declared."]:
        click.echo(printable_lines(statement))
