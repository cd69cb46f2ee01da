"""`hedgehog run` and `hedgehog rebuild`: run the stages in turn until nothing is pending.

Each step is a run of the job that a sensor would launch, in this process. The logs are compared
before Dagster is imported, so that a command with nothing to do is fast.
"""

import logging
from collections.abc import Collection, Generator, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import dataclass, replace
from datetime import date, datetime, timezone
from traceback import format_exc

from hedgehog_pipeline.deployment import Deployment
from hedgehog_pipeline.errors import (
    HedgehogError,
    LakeMismatchError,
    SkippedCommitsError,
    UnfitWarehouseError,
    causes,
)
from hedgehog_pipeline.extraction.capture_request import CaptureRequest, Mode
from hedgehog_pipeline.lake.commits import Commit, IngestionCommit
from hedgehog_pipeline.postgres.connection import is_outage
from hedgehog_pipeline.printable import printable_lines
from hedgehog_pipeline.runner.process_pool import open_process_pool
from hedgehog_pipeline.runner.skipped import SkippedCommits
from hedgehog_pipeline.scheduling.batching import EXTRACTION, PIPELINE
from hedgehog_pipeline.scheduling.planned_tables import (
    Path,
    landed_assets,
    loaded_assets,
    planned_assets,
    processed_assets,
)
from hedgehog_pipeline.settings import Settings

_LOGGER = logging.getLogger(__name__)


@dataclass(frozen=True)
class StageRun:
    """What a stage did in a run.

    Attributes:
        stage: extraction, processing or storage.
        day: the partition.
        commits: the commits that it was launched for; none if it took all pending ones.
        rows: rows landed, transformed or written.
        seconds: of its step.
        reread: the reason for a full refresh of the source from this run on, None if there is none.
        reread_tables: the reasons for a full refresh of single tables, a sentence each.
    """

    stage: str
    day: date
    commits: tuple[int, ...]
    rows: int
    seconds: float
    reread: str | None = None
    reread_tables: tuple[str, ...] = ()


def detect_deletes_until_done(
    deployment: Deployment, *, allow_mass_delete: bool
) -> Iterator[StageRun]:
    """Find the rows that were deleted in the source, and load the deletions.

    Args:
        allow_mass_delete: whether a large share of a table may be deleted.

    Raises:
        SkippedCommitsError: at the end, if commits could not be processed or loaded.
        HedgehogError: if delete detection fails, or finds so many deletions that a person has to
            confirm them.
    """
    skipped = SkippedCommits()
    yield from _extract(deployment, EXTRACTION, CaptureRequest(Mode.SWEEP, allow_mass_delete))
    yield from _drain(deployment, skipped)
    skipped.raise_if_any()


def run_in_sequence(*parts: Iterable[StageRun]) -> Iterator[StageRun]:
    """Run all parts in turn, even if one of them skips commits.

    Raises:
        SkippedCommitsError: at the end, the last one raised; that part retried all commits.
    """
    last_error: SkippedCommitsError | None = None
    for part in parts:
        try:
            yield from part
        except SkippedCommitsError as error:  # noqa: PERF203 (there are two)
            last_error = error
    if last_error:
        raise last_error


def replay_until_done(deployment: Deployment, numbers: Collection[int]) -> Iterator[StageRun]:
    """Process ingestion commits again, and load the results.

    Pending commits are processed first: a commit that was never processed is not replayed.

    Raises:
        SkippedCommitsError: at the end, if commits could not be processed or loaded.
        HedgehogError: if a server fails.
    """
    return run_in_sequence(_run_pending(deployment), _replay(deployment, numbers))


def _run_pending(deployment: Deployment) -> Iterator[StageRun]:
    skipped = SkippedCommits()
    yield from _drain(deployment, skipped)
    skipped.raise_if_any()


def _replay(deployment: Deployment, numbers: Collection[int]) -> Iterator[StageRun]:
    skipped = SkippedCommits()
    commits = [deployment.lake.ingestion.read(number) for number in sorted(numbers)]
    while batch := skipped.next_run("processing", commits):
        assets = processed_assets(deployment.model, batch)
        if (yield from _try(deployment, skipped, "processing", batch, assets, replay=True)):
            commits = [commit for commit in commits if commit not in batch]
    yield from _drain(deployment, skipped)
    skipped.raise_if_any()


@dataclass(frozen=True)
class Backlog:
    """The pending commits of a stage.

    Attributes:
        stage: processing or storage.
        commits: how many are pending.
        runs: the runs that handle them.
    """

    stage: str
    commits: int
    runs: Iterator[StageRun]


def run_until_done(deployment: Deployment, mode: Mode = Mode.CHANGES) -> Iterator[StageRun]:
    """Run the stages until the warehouse has what the source and the inbox held at the start.

    The initial load runs slice by slice, with the stages in parallel if the source is large. Then
    at most one increment is captured: what a busy source changes meanwhile is left to the next
    command. The inbox files come last.

    Args:
        mode: what to capture.

    Raises:
        SkippedCommitsError: at the end, if commits could not be processed or loaded.
        HedgehogError: if extraction or a server fails, the lake and the warehouse do not belong
            together, or the lake lacks a commit.
    """
    with deployment.keep_connections() as kept:
        kept.lake.confirm_latest()
        kept.confirm_lake()
        skipped = SkippedCommits()
        began = datetime.now(timezone.utc)
        if mode is Mode.REREAD:
            yield from _full_refresh(kept)
            yield from _drain(kept, skipped)
        while changed := kept.scan_source():
            if kept.has_large_initial_load():
                yield from _in_parallel(kept, skipped)
                continue
            yield from _follow(kept, changed, skipped)
            head = kept.lake.ingestion.head()
            # If another extractor's increment was first, it may be from before this run.
            if head is not None and head.kind == "increment" and head.captured_at >= began:
                break
        else:
            yield from _drain(kept, skipped)
        waiting = kept.waiting_files()
        while waiting:
            yield from _extract(kept, EXTRACTION, CaptureRequest(Mode.INBOX))
            yield from _drain(kept, skipped)
            still_waiting = kept.waiting_files()
            waiting = [file for file in waiting if file in still_waiting]
        skipped.raise_if_any()


def rebuild(deployment: Deployment) -> Iterator[Backlog]:
    """Fill an empty warehouse from the lake, without the source.

    Yields the backlog of one stage and, once its runs are done, that of the next.

    Raises:
        SkippedCommitsError: at the end, if commits could not be processed or loaded.
        HedgehogError: if the warehouse is not empty, a server fails, or the lake lacks a commit.
    """
    deployment.lake.confirm_whole()
    deployment.confirm_lake()
    with deployment.warehouse() as warehouse:
        last = warehouse.last_loaded()
    if last is not None:
        raise HedgehogError(
            f"The warehouse is not empty: its last commit is {last.number}. "
            "`hedgehog rebuild` fills an empty one: name an empty database in the warehouse's "
            "secret, or use `hedgehog run`, which loads what is missing."
        )
    skipped = SkippedCommits()
    yield Backlog("processing", deployment.lake.unprocessed(), _process(deployment, skipped))
    yield Backlog("storage", deployment.lake.processed.end(), _load(deployment, skipped))
    skipped.raise_if_any()


def _full_refresh(deployment: Deployment) -> Iterator[StageRun]:
    """Begin a full refresh; again, if another extractor committed first."""
    while True:
        for run in _extract(deployment, EXTRACTION, CaptureRequest(Mode.REREAD)):
            yield run
            if run.reread:
                return


def _follow(
    deployment: Deployment, changed: Collection[str], skipped: SkippedCommits
) -> Iterator[StageRun]:
    """Extract, process and load: in one run if nothing is pending further down.

    If something is pending, or cannot be determined, only extraction runs: landing does not wait.
    """
    if deployment.has_pending_commits():
        assets = landed_assets(deployment.model, changed)
        yield from _extract(deployment, EXTRACTION, CaptureRequest(), assets)
    else:
        landed, assets = False, planned_assets(deployment.model, changed)
        try:
            for run in _extract(deployment, PIPELINE, CaptureRequest(), assets):
                landed = True
                yield run
        except Exception as error:  # a transform may raise anything
            if not _is_of_commits(error) or not landed:
                raise
            # The landed commit is pending now, and is tried again by itself.
    yield from _drain(deployment, skipped)


def _extract(
    deployment: Deployment, job: str, request: CaptureRequest, assets: Sequence[Path] = ()
) -> Iterator[StageRun]:
    yield from _run(deployment, job, datetime.now(timezone.utc).date(), (), assets, request)


def _with_reasons(run: StageRun, landed: Sequence[IngestionCommit]) -> StageRun:
    """Add the reasons for a full refresh from the commits that a run landed."""
    reasons = (commit.reread for commit in landed)
    of_tables = (why for commit in landed for why in commit.reread_tables.values())
    return replace(run, reread=next(filter(None, reasons), None), reread_tables=tuple(of_tables))


def _drain(deployment: Deployment, skipped: SkippedCommits) -> Iterator[StageRun]:
    yield from _process(deployment, skipped)
    yield from _load(deployment, skipped)


def _process(deployment: Deployment, skipped: SkippedCommits) -> Iterator[StageRun]:
    while landed := skipped.next_run(
        "processing", deployment.commits_to_process(skipped.of("processing"))
    ):
        yield from _try(
            deployment, skipped, "processing", landed, processed_assets(deployment.model, landed)
        )


def _load(deployment: Deployment, skipped: SkippedCommits) -> Iterator[StageRun]:
    while processed := skipped.next_run(
        "storage", deployment.commits_to_load(skipped.of("storage"))
    ):
        yield from _try(
            deployment, skipped, "storage", processed, loaded_assets(deployment.model, processed)
        )


def _try(  # noqa: PLR0913 (everything that a run has)
    deployment: Deployment,
    skipped: SkippedCommits,
    stage: str,
    commits: Sequence[Commit],
    assets: Sequence[Path],
    *,
    replay: bool = False,
) -> Generator[StageRun, None, bool]:
    """Run a stage for commits; record and return whether it succeeded."""
    day = commits[0].date
    runs, reason = _tried(deployment, stage, day, commits, assets, replay=replay)
    skipped.record(stage, commits, reason)
    yield from runs
    return reason is None


def _tried(  # noqa: PLR0913 (everything that a run has)
    deployment: Deployment,
    job: str,
    day: date,
    commits: Sequence[Commit],
    assets: Sequence[Path] = (),
    *,
    replay: bool = False,
) -> tuple[list[StageRun], str | None]:
    """Run a job; if the commits that it was launched for make it fail, return the reason."""
    try:
        return list(_run(deployment, job, day, commits, assets, replay=replay)), None
    except Exception as error:
        if not commits or not _is_of_commits(error):
            raise
        if isinstance(error, HedgehogError):
            return [], str(error)
        _LOGGER.error("A run of %s failed.\n%s", job, printable_lines(format_exc()))  # noqa: TRY400
        *_, cause = causes(error)
        return [], f"{type(cause).__name__}: {cause}."


def _is_of_commits(error: Exception) -> bool:
    """Return whether a commit may be the cause of an error; not if it affects all commits."""
    return not isinstance(error, LakeMismatchError | UnfitWarehouseError) and not is_outage(error)


def _in_parallel(deployment: Deployment, skipped: SkippedCommits) -> Iterator[StageRun]:
    """Run the initial load to the warehouse, each stage in a process of its own.

    An idle stage begins with its pending commits, as the sensors would launch it.
    """
    settings = deployment.settings
    with open_process_pool() as processes:
        futures: dict[str, Future[tuple[list[StageRun], str | None]]] = {}
        launched: dict[str, Sequence[Commit]] = {}
        while True:
            for stage, day, commits in _idle_work(deployment, futures, skipped):
                futures[stage] = processes.submit(_whole_run, settings, stage, day, commits)
                launched[stage] = commits
            if not futures:
                return
            wait(futures.values(), return_when=FIRST_COMPLETED)
            for stage in [stage for stage, run in futures.items() if run.done()]:
                runs, reason = futures.pop(stage).result()
                skipped.record(stage, launched[stage], reason)
                yield from runs


def _idle_work(
    deployment: Deployment, busy: Collection[str], skipped: SkippedCommits
) -> Iterator[tuple[str, date, Sequence[Commit]]]:
    """Yield what the idle stages have to do while the initial load lands."""
    if "extraction" not in busy and not deployment.initial_load_landed():
        yield "extraction", datetime.now(timezone.utc).date(), ()
    if "processing" not in busy and (
        landed := skipped.next_run(
            "processing", deployment.commits_to_process(skipped.of("processing"))
        )
    ):
        yield "processing", landed[0].date, landed
    if "storage" not in busy and (
        processed := skipped.next_run("storage", deployment.commits_to_load(skipped.of("storage")))
    ):
        yield "storage", processed[0].date, processed


def _whole_run(
    settings: Settings, job: str, day: date, commits: Sequence[Commit]
) -> tuple[list[StageRun], str | None]:
    return _tried(Deployment(settings), job, day, commits)


def _run(  # noqa: PLR0913, PLR0917 (everything that a run has)
    deployment: Deployment,
    job: str,
    day: date,
    commits: Sequence[Commit],
    assets: Sequence[Path] = (),
    request: CaptureRequest = CaptureRequest(),
    *,
    replay: bool = False,
) -> Iterator[StageRun]:
    """Run a job; yield each stage that succeeded, even if a later one fails."""
    from hedgehog_pipeline.runner.execute import execute  # noqa: PLC0415 (imports Dagster)

    numbers = tuple(commit.number for commit in commits)
    end = None if commits else deployment.lake.ingestion.end()
    done: list[StageRun] = []

    def report(stage: str, rows: int, seconds: float) -> None:
        run = StageRun(stage, day, numbers, rows, seconds)
        if stage == EXTRACTION and end is not None:
            run = _with_reasons(run, [*deployment.lake.ingestion.after(end)])
        done.append(run)

    try:
        execute(deployment, job, day, commits, assets, request, replay=replay, report=report)
    except Exception:  # a transform may raise anything
        yield from done
        raise
    yield from done
