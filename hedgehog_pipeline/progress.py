"""What a command prints of the stages that it runs."""

import os
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import redirect_stderr
from pathlib import Path

import click

from hedgehog_pipeline.runner import Backlog, StageRun


def told(runs: Iterable[StageRun]) -> Iterator[StageRun]:
    """Hand runs on, and say where the shop is read in full again.

    Args:
        runs: of any stage.
    """
    for stage_run in runs:
        if stage_run.reread:
            click.echo(f"The shop is read in full again: {stage_run.reread}.")
        yield stage_run


def shown(backlog: Backlog) -> Iterator[StageRun]:
    """Hand runs on, and show how many commits are through: by a bar, or by lines in a file.

    Args:
        backlog: what waits for a stage.
    """
    if not backlog.commits:
        return
    if sys.stdout.isatty():
        with (
            Path(os.devnull).open("w") as nowhere,
            redirect_stderr(nowhere),  # log lines would tear the bar
            click.progressbar(length=backlog.commits, label=f"{backlog.stage:<12}") as bar,
        ):
            for stage_run in backlog.runs:
                bar.update(len(stage_run.commits))
                yield stage_run
    else:
        through = 0
        for stage_run in backlog.runs:
            through += len(stage_run.commits)
            click.echo(f"{backlog.stage:<12}{through:>6} of {backlog.commits} commits")
            yield stage_run


def sum_up(runs: Iterable[StageRun], nothing: str) -> None:
    """Tell what each stage did, once all of it is done.

    Args:
        runs: of any stage.
        nothing: what to say where there is none, the end of a sentence.
    """
    done: dict[str, list[StageRun]] = defaultdict(list)
    for stage_run in runs:
        done[stage_run.stage].append(stage_run)
    if not done:
        click.echo(f"Nothing to do: {nothing}")
    for stage, of_stage in done.items():
        rows, seconds = sum(r.rows for r in of_stage), sum(r.seconds for r in of_stage)
        click.echo(
            f"{stage:<12}{len(of_stage):>4} runs {rows:>12,} rows {seconds:>8.1f} s "
            f"{rows / seconds:>10,.0f} rows/s"
        )
