"""`hedgehog report`."""

from typing import IO

import click

from hedgehog_pipeline.cli.command import Command, deployment
from hedgehog_pipeline.errors import HedgehogError


@click.command(cls=Command, examples=["hedgehog report", "hedgehog report report.html"])
@click.argument("file", required=False, type=click.File("wb", lazy=True))
def report(*, file: IO[bytes] | None) -> None:
    """Put the report of what the warehouse holds into the processed bucket, and into FILE."""
    from hedgehog_pipeline.model.registry import module_name, report_of_model

    of_model = report_of_model()
    if of_model is None:
        raise HedgehogError(
            f"The model has no report: {module_name('report')} would be its module "
            "(docs/your-own-shop.md)."
        )
    made = of_model.make(deployment())
    if file is not None:
        file.write(made.page)
    click.echo(made)
