"""`make watch`: one line a minute about the `make dev` that runs in this folder."""

from pathlib import Path

import click

from hedgehog_pipeline.sandbox.sandbox import Sandbox
from hedgehog_pipeline_tests.proofs.soak.errors import Errors
from hedgehog_pipeline_tests.proofs.soak.table import HEADER, row
from hedgehog_pipeline_tests.proofs.soak.watch import Watch


@click.command()
@click.option("--minutes", default=120.0, show_default=True, help="Duration in minutes.")
@click.option(
    "--folder",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    default=Path(".sandbox"),
    show_default=True,
    help="Folder of the sandbox.",
)
@click.option(
    "--log",
    type=click.Path(path_type=Path, dir_okay=False),
    help="File with the output of `make dev`, to count its errors.",
)
def main(*, minutes: float, folder: Path, log: Path | None) -> None:
    """Print one line a minute: connections, threads, memory, lag, runs and errors."""
    watch = Watch(Sandbox(folder), Errors(log))
    click.echo(HEADER)
    for minute in watch.for_minutes(minutes):
        click.echo(row(minute))
    click.echo(f"failed runs: {', '.join(watch.failed_runs()) or 'none'}")


if __name__ == "__main__":
    main()
