"""`make watch`: a line a minute about the `make dev` that runs in this folder."""

from pathlib import Path

import click

from hedgehog_pipeline.sandbox.sandbox import Sandbox
from hedgehog_pipeline_tests.soak.errors import Errors
from hedgehog_pipeline_tests.soak.table import HEADER, row
from hedgehog_pipeline_tests.soak.watch import Watch


@click.command()
@click.option("--minutes", default=120.0, show_default=True, help="How long.")
@click.option(
    "--folder",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    default=Path(".sandbox"),
    show_default=True,
    help="The sandbox.",
)
@click.option(
    "--log",
    type=click.Path(path_type=Path, dir_okay=False),
    help="File of the lines of `make dev`, in which errors are counted.",
)
def main(*, minutes: float, folder: Path, log: Path | None) -> None:
    """Print a line a minute: connections, threads, memory, lag, runs and errors."""
    watch = Watch(Sandbox(folder), Errors(log))
    click.echo(HEADER)
    for minute in watch.for_minutes(minutes):
        click.echo(row(minute))
    click.echo(f"failed runs: {', '.join(watch.failed_runs()) or 'none'}")


if __name__ == "__main__":
    main()
