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

    Captures what changed in the source, lands the files of the inbox, and loads both into the
    warehouse. Needs no running Dagster.
    """
    if allow_mass_delete and not sweep:
        raise click.UsageError("--allow-mass-delete needs --sweep.")
    from hedgehog_pipeline.cli.progress import print_summary, show_progress, wants_bars
    from hedgehog_pipeline.extraction.capture_request import Mode
    from hedgehog_pipeline.runner.runner import (
        detect_deletes_until_done,
        run_in_sequence,
        run_until_done,
    )

    deployment = read_deployment()
    runs = run_until_done(deployment, Mode.REREAD if reread else Mode.CHANGES)
    if sweep:
        swept = detect_deletes_until_done(deployment, allow_mass_delete=allow_mass_delete)
        runs = run_in_sequence(runs, swept)
    if not as_json:
        bars = wants_bars(deployment.settings.log_format)
        runs = show_progress(runs, deployment.initial_load_estimate, bars=bars)
    nothing = "the warehouse is up to date with the source"
    print_summary(runs, nothing, in_quarantine=deployment.rows_in_quarantine, as_json=as_json)


@click.command(cls=Command, examples=["hedgehog rebuild", "hedgehog rebuild --json"])
@as_json
def rebuild(*, as_json: bool) -> None:
    """Fill an empty warehouse from the lake, without reading the source."""
    from hedgehog_pipeline.cli.progress import print_summary, show_backlog, wants_bars
    from hedgehog_pipeline.runner.runner import rebuild

    deployment = read_deployment()
    bars = wants_bars(deployment.settings.log_format)
    runs = (
        stage_run
        for backlog in rebuild(deployment)
        for stage_run in (backlog.runs if as_json else show_backlog(backlog, bars=bars))
    )
    nothing = "the lake is empty. `hedgehog run` fills it from the source"
    print_summary(runs, nothing, in_quarantine=deployment.rows_in_quarantine, as_json=as_json)
