"""`hedgehog report`."""

from typing import IO

import click

from hedgehog_pipeline.cli.command import Command, read_deployment
from hedgehog_pipeline.errors import HedgehogError


@click.command(cls=Command, examples=["hedgehog report", "hedgehog report report.html"])
@click.argument("file", required=False, type=click.File("wb", lazy=True))
def report(*, file: IO[bytes] | None) -> None:
    """Write the HTML report to the processed bucket and, if given, to FILE."""
    deployment = read_deployment()
    model = deployment.model
    of_model = model.report()
    if of_model is None:
        raise HedgehogError(
            f"The model has no report: there is no module {model.module_name('report')} "
            "(docs/your-own-shop.md)."
        )
    made = of_model.make(deployment)
    if file is not None:
        file.write(made.page)
    click.echo(made)
