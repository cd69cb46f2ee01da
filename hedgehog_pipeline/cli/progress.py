"""What a command shows of the stages that it runs: bars on a terminal, lines elsewhere."""

import json
import os
import sys
import tempfile
from collections import Counter, defaultdict
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING

import click

from hedgehog_pipeline.errors import HedgehogError, LeftError
from hedgehog_pipeline.logs.follow import followed
from hedgehog_pipeline.logs.reader import LogReader
from hedgehog_pipeline.monitoring.quarantine import quarantined_rows
from hedgehog_pipeline.runner.runner import Backlog, StageRun

if TYPE_CHECKING:
    from rich.progress import Progress

_SECONDS_BETWEEN_LINES = 10
_FIRST = "extraction"
_STDOUT, _STDERR = 1, 2


def wants_bars(log_format: str | None) -> bool:
    """Tell whether a person looks: stdout is a terminal, and no setting asks for JSON."""
    return sys.stdout.isatty() and log_format != "json"


def shown(
    runs: Iterable[StageRun],
    expected: Callable[[], int | None],
    *,
    bars: bool,
    batches: bool = True,
    clock: Callable[[], float] = monotonic,
) -> Iterator[StageRun]:
    """Hand runs on, and show how many rows each stage has moved.

    Args:
        runs: of any stage.
        expected: tells about how many rows there are, None where nobody knows; asked for bars.
        bars: whether to show bars, or a line now and then.
        batches: whether a line for each batch and stage stands above the bars.
        clock: gives seconds.
    """
    moved = Counter[str]()
    if not bars:
        last = clock()
        for stage_run in runs:
            moved[stage_run.stage] += stage_run.rows
            if clock() - last >= _SECONDS_BETWEEN_LINES:
                click.echo(" · ".join(f"{name} {rows:,} rows" for name, rows in moved.items()))
                last = clock()
            yield stage_run
        return
    with _bars(batches=batches) as progress:
        total = expected()
        tasks = {_FIRST: progress.add_task(_FIRST, total=total, told="")}
        for stage_run in runs:
            moved[name := stage_run.stage] += stage_run.rows
            if name not in tasks:
                tasks[name] = progress.add_task(name, total=total, told="")
            progress.update(tasks[name], completed=moved[name], told=f"{moved[name]:,} rows")
            yield stage_run


def worked_off(backlog: Backlog, *, bars: bool) -> Iterator[StageRun]:
    """Hand runs on, and show how many commits are through.

    Args:
        backlog: what waits for a stage.
        bars: whether to show a bar, or lines.
    """
    if not backlog.commits:
        return
    through = 0
    if not bars:
        for stage_run in backlog.runs:
            through += len(stage_run.commits)
            click.echo(f"{backlog.stage:<12}{_through(through, backlog)}")
            yield stage_run
        return
    with _bars() as progress:
        task = progress.add_task(backlog.stage, total=backlog.commits, told=_through(0, backlog))
        for stage_run in backlog.runs:
            through += len(stage_run.commits)
            progress.update(task, completed=through, told=_through(through, backlog))
            yield stage_run


@contextmanager
def counted_off(name: str, total: int, *, bars: bool) -> Generator[Callable[[], None], None, None]:
    """Show a bar of so many things; give what is called when one of them is done.

    Args:
        name: of what is done.
        total: how many things there are.
        bars: whether to show it at all.
    """
    if not bars:
        yield lambda: None
        return
    with _bars() as progress:
        task = progress.add_task(name, total=total, told=f"0 of {total}")
        done = 0

        def advance() -> None:
            nonlocal done
            done += 1
            progress.update(task, completed=done, told=f"{done} of {total}")

        yield advance


def sum_up(
    runs: Iterable[StageRun],
    nothing: str,
    *,
    in_quarantine: Callable[[], int | None] = lambda: 0,
    as_json: bool = False,
) -> None:
    """Tell what each stage did, once all of it is done, and how many rows could not be taken.

    Args:
        runs: of any stage.
        nothing: what to say where there is none: the end of a sentence, without its dot.
        in_quarantine: counts the rows that are kept out, once all of it is done and told; None
            where nobody can.
        as_json: whether to write an object with `runs`, `rows` and `seconds` of each stage.

    Raises:
        LeftError: once what was done is told, where commits are left.
    """
    done, left = _followed_through(runs, as_json=as_json)
    if as_json or done:
        _tell_totals(done, as_json=as_json)
    try:
        kept_out = in_quarantine()
    except HedgehogError:
        if left:
            raise left from None
        raise
    if kept_out != 0 and (as_json or done or left):
        click.secho(f"{quarantined_rows(kept_out)}.", fg="yellow", err=as_json)
    if left:
        raise left
    if not (as_json or done):
        but = f", but for {quarantined_rows(kept_out)}" if kept_out != 0 else ""
        click.echo(f"Nothing to do: {nothing}{but}.")


def _followed_through(
    runs: Iterable[StageRun], *, as_json: bool
) -> tuple[dict[str, list[StageRun]], LeftError | None]:
    """Gather runs by stage, and tell what is read in full again; give also what is left."""
    done: dict[str, list[StageRun]] = defaultdict(list)
    try:
        for stage_run in runs:
            if stage_run.reread:
                click.echo(f"The shop is read in full again: {stage_run.reread}.", err=as_json)
            for why in stage_run.reread_tables:
                click.echo(f"Read in full again: {why}.", err=as_json)
            done[stage_run.stage].append(stage_run)
    except LeftError as error:
        return done, error
    return done, None


def _tell_totals(done: Mapping[str, Sequence[StageRun]], *, as_json: bool) -> None:
    totals = {
        stage: (len(of_stage), sum(r.rows for r in of_stage), sum(r.seconds for r in of_stage))
        for stage, of_stage in done.items()
    }
    if as_json:
        names = ("runs", "rows", "seconds")
        told = {stage: dict(zip(names, total, strict=True)) for stage, total in totals.items()}
        click.echo(json.dumps(told))
        return
    for stage, (count, rows, seconds) in totals.items():
        click.echo(
            f"{stage:<12}{count:>4} runs {rows:>12,} rows {seconds:>8.1f} s "
            f"{rows / seconds:>10,.0f} rows/s"
        )


def _through(commits: int, backlog: Backlog) -> str:
    return f"{commits:>6} of {backlog.commits} commits"


@contextmanager
def _bars(*, batches: bool = True) -> "Generator[Progress, None, None]":
    """Show bars, which vanish in the end: what was done is summed up below.

    The lines of the log, those of other processes included, stand above them.
    """
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
    )
    from rich.text import Text

    columns = (
        TextColumn("{task.description:<12}"),
        BarColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.fields[told]}"),
    )
    reader = LogReader()
    # Dagster sends stdout to a file while a step is at work, which the bars outlive.
    with (
        os.fdopen(os.dup(_STDOUT), "w", encoding=sys.stdout.encoding) as terminal,
        Progress(
            *columns, console=Console(file=terminal), transient=True, redirect_stderr=False
        ) as bars,
    ):

        def tell(line: str) -> None:
            told = reader.read(line)
            if told and (batches or told.warns):
                bars.console.print(Text(told.text, style="yellow" if told.warns else ""))

        with _stderr_to(tell):
            yield bars


@contextmanager
def _stderr_to(tell: Callable[[str], None]) -> Generator[None, None, None]:
    """Hand on what is written to the terminal as stderr, where it would tear the bars."""
    if not sys.stderr.isatty():
        yield
        return
    terminal = os.dup(_STDERR)
    with tempfile.NamedTemporaryFile("ab") as kept, followed(Path(kept.name), tell):
        os.dup2(kept.fileno(), _STDERR)
        try:
            yield
        finally:
            os.dup2(terminal, _STDERR)
            os.close(terminal)
