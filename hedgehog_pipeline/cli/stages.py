"""`hedgehog run` and `hedgehog rebuild`: the stages until nothing waits."""

import click

from hedgehog_pipeline.cli.command import Command, as_json, deployment


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
@click.option("--reread", is_flag=True, help="Read the whole shop again, as if it were another.")
@click.option("--sweep", is_flag=True, help="Also find the rows that were deleted in the shop.")
@click.option(
    "--allow-mass-delete", is_flag=True, help="Let the sweep find a large share of a table gone."
)
@as_json
def run(*, reread: bool, sweep: bool, allow_mass_delete: bool, as_json: bool) -> None:
    """Run the three stages until nothing is pending."""
    if allow_mass_delete and not sweep:
        raise click.UsageError("--allow-mass-delete goes with --sweep.")
    from hedgehog_pipeline.cli.progress import shown, sum_up, wants_bars
    from hedgehog_pipeline.extraction.capture_request import Mode
    from hedgehog_pipeline.runner.runner import (
        one_after_the_other,
        run_until_done,
        sweep_until_done,
    )

    place = deployment()
    runs = run_until_done(place, Mode.REREAD if reread else Mode.CHANGES)
    if sweep:
        swept = sweep_until_done(place, allow_mass_delete=allow_mass_delete)
        runs = one_after_the_other(runs, swept)
    if not as_json:
        bars = wants_bars(place.settings.log_format)
        runs = shown(runs, place.archive_estimate, bars=bars)
    nothing = "the warehouse holds everything that the shop holds"
    sum_up(runs, nothing, in_quarantine=place.rows_in_quarantine, as_json=as_json)


@click.command(cls=Command, examples=["hedgehog rebuild", "hedgehog rebuild --json"])
@as_json
def rebuild(*, as_json: bool) -> None:
    """Fill an empty warehouse from the lake, without the shop."""
    from hedgehog_pipeline.cli.progress import sum_up, wants_bars, worked_off
    from hedgehog_pipeline.runner.runner import rebuild

    place = deployment()
    bars = wants_bars(place.settings.log_format)
    runs = (
        stage_run
        for backlog in rebuild(place)
        for stage_run in (backlog.runs if as_json else worked_off(backlog, bars=bars))
    )
    nothing = "the lake is empty. `hedgehog run` fills it from the shop"
    sum_up(runs, nothing, in_quarantine=place.rows_in_quarantine, as_json=as_json)
