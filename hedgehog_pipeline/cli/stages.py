"""`hedgehog run` and `hedgehog rebuild`: run the stages until no commit is pending."""

import click

from hedgehog_pipeline.cli.command import Command, as_json, read_deployment


@click.command(
    cls=Command,
    examples=[
        "hedgehog run",
        "hedgehog run --sweep",
        "hedgehog run --sweep --allow-mass-delete",
        "hedgehog run --reread",
        "hedgehog run --json",
    ],
)
@click.option(
    "--reread", is_flag=True, help="Do a full refresh: land every row of the source again."
)
@click.option("--sweep", is_flag=True, help="Also detect rows that were deleted in the source.")
@click.option(
    "--allow-mass-delete",
    is_flag=True,
    help="Accept the deletion of a large share of a table; needs --sweep.",
)
@as_json
def run(*, reread: bool, sweep: bool, allow_mass_delete: bool, as_json: bool) -> None:
    """Run extraction, processing and storage until the warehouse is up to date.

    Captures what changed in the source, takes the files of the inbox, and loads both into the
    warehouse. Needs no running Dagster.
    """
    if allow_mass_delete and not sweep:
        raise click.UsageError("--allow-mass-delete needs --sweep.")
    from hedgehog_pipeline.cli.progress import shown, sum_up, wants_bars
    from hedgehog_pipeline.extraction.capture_request import Mode
    from hedgehog_pipeline.runner.runner import (
        one_after_the_other,
        run_until_done,
        sweep_until_done,
    )

    deployment = read_deployment()
    runs = run_until_done(deployment, Mode.REREAD if reread else Mode.CHANGES)
    if sweep:
        swept = sweep_until_done(deployment, allow_mass_delete=allow_mass_delete)
        runs = one_after_the_other(runs, swept)
    if not as_json:
        bars = wants_bars(deployment.settings.log_format)
        runs = shown(runs, deployment.archive_estimate, bars=bars)
    nothing = "the warehouse is up to date with the source"
    sum_up(runs, nothing, in_quarantine=deployment.rows_in_quarantine, as_json=as_json)


@click.command(cls=Command, examples=["hedgehog rebuild", "hedgehog rebuild --json"])
@as_json
def rebuild(*, as_json: bool) -> None:
    """Fill an empty warehouse from the lake, without reading the source."""
    from hedgehog_pipeline.cli.progress import sum_up, wants_bars, worked_off
    from hedgehog_pipeline.runner.runner import rebuild

    deployment = read_deployment()
    bars = wants_bars(deployment.settings.log_format)
    runs = (
        stage_run
        for backlog in rebuild(deployment)
        for stage_run in (backlog.runs if as_json else worked_off(backlog, bars=bars))
    )
    nothing = "the lake is empty. `hedgehog run` fills it from the source"
    sum_up(runs, nothing, in_quarantine=deployment.rows_in_quarantine, as_json=as_json)
