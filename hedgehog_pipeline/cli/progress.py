"""Progress of the stages that a command runs: bars on a terminal, lines elsewhere."""

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

from hedgehog_pipeline.errors import HedgehogError, SkippedCommitsError
from hedgehog_pipeline.logs.follow import follow_lines
from hedgehog_pipeline.logs.reader import LogReader
from hedgehog_pipeline.monitoring.quarantine import quarantined_rows
from hedgehog_pipeline.runner.runner import Backlog, StageRun

if TYPE_CHECKING:
    from rich.progress import Progress

_SECONDS_BETWEEN_LINES = 10
_FIRST_STAGE = "extraction"
_STDOUT, _STDERR = 1, 2


def wants_bars(log_format: str | None) -> bool:
    """Return whether to show bars: stdout is a terminal, and no setting asks for JSON."""
    return sys.stdout.isatty() and log_format != "json"


def show_progress(
    runs: Iterable[StageRun],
    expected: Callable[[], int | None],
    *,
    bars: bool,
    batches: bool = True,
    clock: Callable[[], float] = monotonic,
) -> Iterator[StageRun]:
    """Pass runs on, and show how many rows each stage has processed.

    Args:
        runs: of any stage.
        expected: returns an estimate of all rows, None if unknown; called only for bars.
        bars: whether to show bars, or a line every ten seconds.
        batches: whether to print a line for each batch and stage above the bars.
        clock: returns seconds.
    """
    rows_of_stage = Counter[str]()
    if not bars:
        last = clock()
        for stage_run in runs:
            rows_of_stage[stage_run.stage] += stage_run.rows
            if clock() - last >= _SECONDS_BETWEEN_LINES:
                counts = (f"{name} {rows:,} rows" for name, rows in rows_of_stage.items())
                click.echo(" · ".join(counts))
                last = clock()
            yield stage_run
        return
    with _bars(batches=batches) as progress:
        total = expected()
        tasks = {_FIRST_STAGE: progress.add_task(_FIRST_STAGE, total=total, detail="")}
        for stage_run in runs:
            rows_of_stage[name := stage_run.stage] += stage_run.rows
            if name not in tasks:
                tasks[name] = progress.add_task(name, total=total, detail="")
            rows = rows_of_stage[name]
            progress.update(tasks[name], completed=rows, detail=f"{rows:,} rows")
            yield stage_run


def show_backlog(backlog: Backlog, *, bars: bool) -> Iterator[StageRun]:
    """Pass the runs of a backlog on, and show how many of its commits are done.

    Args:
        bars: whether to show a bar, or lines.
    """
    if not backlog.commits:
        return
    done = 0
    if not bars:
        for stage_run in backlog.runs:
            done += len(stage_run.commits)
            click.echo(f"{backlog.stage:<12}{_done_of(done, backlog)}")
            yield stage_run
        return
    with _bars() as progress:
        detail = _done_of(0, backlog)
        task = progress.add_task(backlog.stage, total=backlog.commits, detail=detail)
        for stage_run in backlog.runs:
            done += len(stage_run.commits)
            progress.update(task, completed=done, detail=_done_of(done, backlog))
            yield stage_run


@contextmanager
def progress_counter(
    name: str, total: int, *, bars: bool
) -> Generator[Callable[[], None], None, None]:
    """Show a bar for `total` items, and return a function to call after each of them."""
    if not bars:
        yield lambda: None
        return
    with _bars() as progress:
        task = progress.add_task(name, total=total, detail=f"0 of {total}")
        done = 0

        def advance() -> None:
            nonlocal done
            done += 1
            progress.update(task, completed=done, detail=f"{done} of {total}")

        yield advance


def print_summary(
    runs: Iterable[StageRun],
    nothing: str,
    *,
    in_quarantine: Callable[[], int | None] = lambda: 0,
    as_json: bool = False,
) -> None:
    """Execute runs; then print what each stage did and how many rows are in quarantine.

    Args:
        runs: of any stage.
        nothing: why there was nothing to do: the end of a sentence, without its full stop.
        in_quarantine: counts the rows in quarantine after the last run; None if they cannot be
            counted.
        as_json: whether to print an object with `runs`, `rows` and `seconds` of each stage.

    Raises:
        SkippedCommitsError: after the summary is printed, if commits were skipped.
    """
    done, left = _collect(runs, as_json=as_json)
    if as_json or done:
        _print_totals(done, as_json=as_json)
    try:
        quarantined = in_quarantine()
    except HedgehogError:
        if left:
            raise left from None
        raise
    if quarantined != 0 and (as_json or done or left):
        click.secho(f"{quarantined_rows(quarantined)}.", fg="yellow", err=as_json)
    if left:
        raise left
    if not (as_json or done):
        exception = f", except for {quarantined_rows(quarantined)}" if quarantined != 0 else ""
        click.echo(f"Nothing to do: {nothing}{exception}.")


def _collect(
    runs: Iterable[StageRun], *, as_json: bool
) -> tuple[dict[str, list[StageRun]], SkippedCommitsError | None]:
    """Execute runs and group them by stage; print the reason for each full refresh.

    Returns:
        The runs by stage, and the error if commits were skipped.
    """
    done: dict[str, list[StageRun]] = defaultdict(list)
    try:
        for stage_run in runs:
            if stage_run.reread:
                click.echo(f"The source is read in full again: {stage_run.reread}.", err=as_json)
            for reason in stage_run.reread_tables:
                click.echo(f"Read in full again: {reason}.", err=as_json)
            done[stage_run.stage].append(stage_run)
    except SkippedCommitsError as error:
        return done, error
    return done, None


def _print_totals(done: Mapping[str, Sequence[StageRun]], *, as_json: bool) -> None:
    totals = {
        stage: (len(of_stage), sum(r.rows for r in of_stage), sum(r.seconds for r in of_stage))
        for stage, of_stage in done.items()
    }
    if as_json:
        names = ("runs", "rows", "seconds")
        fields = {stage: dict(zip(names, total, strict=True)) for stage, total in totals.items()}
        click.echo(json.dumps(fields))
        return
    for stage, (count, rows, seconds) in totals.items():
        click.echo(
            f"{stage:<12}{count:>4} runs {rows:>12,} rows {seconds:>8.1f} s "
            f"{rows / seconds:>10,.0f} rows/s"
        )


def _done_of(commits: int, backlog: Backlog) -> str:
    return f"{commits:>6} of {backlog.commits} commits"


@contextmanager
def _bars(*, batches: bool = True) -> "Generator[Progress, None, None]":
    """Show progress bars, which are removed at the end: the summary is printed below.

    Log lines, also those of other processes, are printed above the bars.
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
        TextColumn("{task.fields[detail]}"),
    )
    reader = LogReader()
    # A copy of stdout: Dagster redirects stdout to a file during a step, and the bars go on.
    with (
        os.fdopen(os.dup(_STDOUT), "w", encoding=sys.stdout.encoding) as terminal,
        Progress(
            *columns, console=Console(file=terminal), transient=True, redirect_stderr=False
        ) as bars,
    ):

        def print_above(line: str) -> None:
            found = reader.read(line)
            if found and (batches or found.warns):
                bars.console.print(Text(found.text, style="yellow" if found.warns else ""))

        with _stderr_to(print_above):
            yield bars


@contextmanager
def _stderr_to(handle: Callable[[str], None]) -> Generator[None, None, None]:
    """Pass each line that is written to stderr to a function, if stderr is a terminal.

    Written directly, it would break the bars.
    """
    if not sys.stderr.isatty():
        yield
        return
    terminal = os.dup(_STDERR)
    with tempfile.NamedTemporaryFile("ab") as kept, follow_lines(Path(kept.name), handle):
        os.dup2(kept.fileno(), _STDERR)
        try:
            yield
        finally:
            os.dup2(terminal, _STDERR)
            os.close(terminal)
