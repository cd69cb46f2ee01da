"""What a command shows of the stages that it runs: bars on a terminal, lines elsewhere."""

import json
import os
import sys
from collections import Counter, defaultdict
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING

import click

from hedgehog_pipeline.runner import Backlog, StageRun

if TYPE_CHECKING:
    from rich.progress import Progress

_SECONDS_BETWEEN_LINES = 10
_FIRST = "extraction"
_STDERR = 2


def shown(
    runs: Iterable[StageRun],
    expected: Callable[[], int | None],
    *,
    clock: Callable[[], float] = monotonic,
) -> Iterator[StageRun]:
    """Hand runs on, and show how many rows each stage has moved.

    Args:
        runs: of any stage.
        expected: tells about how many rows there are, None where nobody knows; asked where there
            is a terminal.
        clock: gives seconds.
    """
    moved = Counter[str]()
    if not sys.stdout.isatty():
        last = clock()
        for stage_run in runs:
            moved[stage_run.stage] += stage_run.rows
            if clock() - last >= _SECONDS_BETWEEN_LINES:
                click.echo(" · ".join(f"{name} {rows:,} rows" for name, rows in moved.items()))
                last = clock()
            yield stage_run
        return
    with _bars() as bars:
        total = expected()
        tasks = {_FIRST: bars.add_task(_FIRST, total=total, told="")}
        for stage_run in runs:
            moved[name := stage_run.stage] += stage_run.rows
            if name not in tasks:
                tasks[name] = bars.add_task(name, total=total, told="")
            bars.update(tasks[name], completed=moved[name], told=f"{moved[name]:,} rows")
            yield stage_run


def worked_off(backlog: Backlog) -> Iterator[StageRun]:
    """Hand runs on, and show how many commits are through.

    Args:
        backlog: what waits for a stage.
    """
    if not backlog.commits:
        return
    through = 0
    if not sys.stdout.isatty():
        for stage_run in backlog.runs:
            through += len(stage_run.commits)
            click.echo(f"{backlog.stage:<12}{_through(through, backlog)}")
            yield stage_run
        return
    with _bars() as bars:
        task = bars.add_task(backlog.stage, total=backlog.commits, told=_through(0, backlog))
        for stage_run in backlog.runs:
            through += len(stage_run.commits)
            bars.update(task, completed=through, told=_through(through, backlog))
            yield stage_run


def sum_up(runs: Iterable[StageRun], nothing: str, *, as_json: bool = False) -> None:
    """Tell what each stage did, once all of it is done.

    Args:
        runs: of any stage.
        nothing: what to say where there is none, the end of a sentence.
        as_json: whether to write an object with `runs`, `rows` and `seconds` of each stage.
    """
    done: dict[str, list[StageRun]] = defaultdict(list)
    for stage_run in runs:
        if stage_run.reread:
            click.echo(f"The shop is read in full again: {stage_run.reread}.", err=as_json)
        done[stage_run.stage].append(stage_run)
    totals = {
        stage: (len(of_stage), sum(r.rows for r in of_stage), sum(r.seconds for r in of_stage))
        for stage, of_stage in done.items()
    }
    if as_json:
        names = ("runs", "rows", "seconds")
        told = {stage: dict(zip(names, total, strict=True)) for stage, total in totals.items()}
        click.echo(json.dumps(told))
        return
    if not done:
        click.echo(f"Nothing to do: {nothing}")
    for stage, (count, rows, seconds) in totals.items():
        click.echo(
            f"{stage:<12}{count:>4} runs {rows:>12,} rows {seconds:>8.1f} s "
            f"{rows / seconds:>10,.0f} rows/s"
        )


def _through(commits: int, backlog: Backlog) -> str:
    return f"{commits:>6} of {backlog.commits} commits"


@contextmanager
def _bars() -> "Generator[Progress, None, None]":
    """Show bars, which vanish in the end: what was done is summed up below."""
    from rich.progress import (  # noqa: PLC0415 (most runs of the command have no terminal)
        BarColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
    )

    columns = (
        TextColumn("{task.description:<12}"),
        BarColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.fields[told]}"),
    )
    with _log_lines_hidden(), Progress(*columns, transient=True, redirect_stderr=False) as bars:
        yield bars


@contextmanager
def _log_lines_hidden() -> Generator[None, None, None]:
    """Keep lines off the terminal that would tear the bars, those of other processes included."""
    if not sys.stderr.isatty():
        yield
        return
    terminal = os.dup(_STDERR)
    try:
        with Path(os.devnull).open("w") as nowhere:
            os.dup2(nowhere.fileno(), _STDERR)
        yield
    finally:
        os.dup2(terminal, _STDERR)
        os.close(terminal)
