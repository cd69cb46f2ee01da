"""`hedgehog run` and `hedgehog rebuild`: the stages, one after the other, until nothing waits.

Each step is a run of the job that a sensor would launch, in this process. The logs are compared
before Dagster is imported, so that nothing to do costs little.
"""

import logging
from collections.abc import Collection, Generator, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import dataclass, replace
from datetime import date, datetime, timezone

from hedgehog_pipeline.deployment import Deployment
from hedgehog_pipeline.errors import (
    AnotherLakeError,
    HedgehogError,
    LeftError,
    UnfitWarehouseError,
    causes,
)
from hedgehog_pipeline.extraction.capture_request import CHANGES, CaptureRequest, Mode
from hedgehog_pipeline.lake.commits import Commit, IngestionCommit
from hedgehog_pipeline.postgres.connection import is_outage
from hedgehog_pipeline.runner.process_pool import stage_processes
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
        commits: the commits that it was launched for; none where it took what was new.
        rows: rows landed, shaped or written.
        seconds: of its step.
        reread: why the shop is read in full again from this run on, None where it is not.
        reread_tables: why single tables are, a sentence each.
    """

    stage: str
    day: date
    commits: tuple[int, ...]
    rows: int
    seconds: float
    reread: str | None = None
    reread_tables: tuple[str, ...] = ()


def sweep_until_done(deployment: Deployment, *, allow_mass_delete: bool) -> Iterator[StageRun]:
    """Find the rows that vanished from the shop, and take what is found to the warehouse.

    Args:
        deployment: of the deployment.
        allow_mass_delete: whether a large share of a table may be gone.

    Raises:
        LeftError: at the end, where commits cannot be processed or loaded.
        HedgehogError: where the sweep fails, or so much is gone that a person has to say whether
            it is meant.
    """
    left = SkippedCommits()
    yield from _extract(deployment, EXTRACTION, CaptureRequest(Mode.SWEEP, allow_mass_delete))
    yield from _drain(deployment, left)
    left.tell()


def one_after_the_other(*parts: Iterable[StageRun]) -> Iterator[StageRun]:
    """Go through all of these, also where one of them leaves commits.

    Raises:
        LeftError: at the end, what the last one that leaves commits says; it tried them all again.
    """
    said: LeftError | None = None
    for part in parts:
        try:
            yield from part
        except LeftError as error:  # noqa: PERF203 (there are two)
            said = error
    if said:
        raise said


def replay_until_done(deployment: Deployment, numbers: Collection[int]) -> Iterator[StageRun]:
    """Process ingestion commits again, and take what is made of them to the warehouse.

    What waits is taken first: commits that were never processed are not done again.

    Args:
        deployment: of the deployment.
        numbers: of the commits.

    Raises:
        LeftError: at the end, where commits cannot be processed or loaded.
        HedgehogError: where a server fails.
    """
    return one_after_the_other(_take_what_waits(deployment), _replay(deployment, numbers))


def _take_what_waits(deployment: Deployment) -> Iterator[StageRun]:
    left = SkippedCommits()
    yield from _drain(deployment, left)
    left.tell()


def _replay(deployment: Deployment, numbers: Collection[int]) -> Iterator[StageRun]:
    left = SkippedCommits()
    commits = [deployment.lake.ingestion.read(number) for number in sorted(numbers)]
    while together := left.next_run("processing", commits):
        assets = processed_assets(together)
        if (yield from _try(deployment, left, "processing", together, assets, replay=True)):
            commits = [commit for commit in commits if commit not in together]
    yield from _drain(deployment, left)
    left.tell()


@dataclass(frozen=True)
class Backlog:
    """What waits for a stage.

    Attributes:
        stage: processing or storage.
        commits: how many commits wait.
        runs: works them off.
    """

    stage: str
    commits: int
    runs: Iterator[StageRun]


def run_until_done(deployment: Deployment, mode: Mode = Mode.CHANGES) -> Iterator[StageRun]:
    """Run the stages until what the shop and the inbox held at the start is in the warehouse.

    The archive comes slice by slice, that of a large shop by the stages side by side, and one
    increment at most: what a busy shop does meanwhile is the next run's. Then the files of the
    inbox come.

    Args:
        deployment: of the deployment.
        mode: what is taken of the shop.

    Raises:
        LeftError: at the end, where commits cannot be processed or loaded.
        HedgehogError: where extraction or a server fails, the lake and the warehouse do not belong
            together, or the lake lacks a commit.
    """
    deployment.lake.confirm_latest()
    deployment.confirm_lake()
    left = SkippedCommits()
    began = datetime.now(timezone.utc)
    if mode is Mode.REREAD:
        yield from _reread(deployment)
        yield from _drain(deployment, left)
    while changed := deployment.scan_shop():
        if deployment.large_archive_waits():
            yield from _side_by_side(deployment, left)
            continue
        yield from _follow(deployment, changed, left)
        head = deployment.lake.ingestion.head()
        # Another extractor's increment, the faster one, may come from before this run.
        if head is not None and head.kind == "increment" and head.captured_at >= began:
            break
    else:
        yield from _drain(deployment, left)
    waiting = deployment.files_to_take()
    while waiting:
        yield from _extract(deployment, EXTRACTION, CaptureRequest(Mode.INBOX))
        yield from _drain(deployment, left)
        untaken = deployment.files_to_take()
        waiting = [file for file in waiting if file in untaken]
    left.tell()


def rebuild(deployment: Deployment) -> Iterator[Backlog]:
    """Fill an empty warehouse from the lake; the shop is not asked.

    Gives what waits for one stage, then, when its runs are through, for the next.

    Raises:
        LeftError: at the end, where commits cannot be processed or loaded.
        HedgehogError: where the warehouse is not empty, a server fails, or the lake lacks a commit.
    """
    deployment.lake.confirm_whole()
    deployment.confirm_lake()
    with deployment.warehouse() as warehouse:
        last = warehouse.last_loaded()
    if last is not None:
        raise HedgehogError(
            f"The warehouse is not empty: it holds commits, the last of them {last.number}. "
            "`hedgehog rebuild` fills an empty one: name an empty database in the warehouse's "
            "secret, or use `hedgehog run`, which loads what is missing."
        )
    left = SkippedCommits()
    yield Backlog("processing", deployment.lake.unprocessed(), _process(deployment, left))
    yield Backlog("storage", deployment.lake.processed.end(), _load(deployment, left))
    left.tell()


def _reread(deployment: Deployment) -> Iterator[StageRun]:
    """Begin the archive anew; where another extractor is faster, once more."""
    while True:
        for run in _extract(deployment, EXTRACTION, CaptureRequest(Mode.REREAD)):
            yield run
            if run.reread:
                return


def _follow(
    deployment: Deployment, changed: Collection[str], left: SkippedCommits
) -> Iterator[StageRun]:
    """Extract, and take what lands to the warehouse: in one run where nothing waits further down.

    Where something waits, or cannot be asked for, landing does not wait for it.
    """
    if deployment.something_waits():
        yield from _extract(deployment, EXTRACTION, CHANGES, landed_assets(changed))
    else:
        landed = False
        try:
            for run in _extract(deployment, PIPELINE, CHANGES, planned_assets(changed)):
                landed = True
                yield run
        except Exception as error:  # whatever a transform raises
            if not _is_of_commits(error) or not landed:
                raise
            # What landed waits now, and is tried again by its own.
    yield from _drain(deployment, left)


def _extract(
    deployment: Deployment, job: str, asked: CaptureRequest, assets: Sequence[Path] = ()
) -> Iterator[StageRun]:
    yield from _run(deployment, job, datetime.now(timezone.utc).date(), (), assets, asked)


def _with_reasons(run: StageRun, landed: Sequence[IngestionCommit]) -> StageRun:
    """Take along why tables are read in full again from what a run landed on."""
    reasons = (commit.reread for commit in landed)
    of_tables = (why for commit in landed for why in commit.reread_tables.values())
    return replace(run, reread=next(filter(None, reasons), None), reread_tables=tuple(of_tables))


def _drain(deployment: Deployment, left: SkippedCommits) -> Iterator[StageRun]:
    yield from _process(deployment, left)
    yield from _load(deployment, left)


def _process(deployment: Deployment, left: SkippedCommits) -> Iterator[StageRun]:
    while landed := left.next_run(
        "processing", deployment.commits_to_process(left.of("processing"))
    ):
        yield from _try(deployment, left, "processing", landed, processed_assets(landed))


def _load(deployment: Deployment, left: SkippedCommits) -> Iterator[StageRun]:
    while processed := left.next_run("storage", deployment.commits_to_load(left.of("storage"))):
        yield from _try(deployment, left, "storage", processed, loaded_assets(processed))


def _try(  # noqa: PLR0913 (all that a run has)
    deployment: Deployment,
    left: SkippedCommits,
    stage: str,
    commits: Sequence[Commit],
    assets: Sequence[Path],
    *,
    replay: bool = False,
) -> Generator[StageRun, None, bool]:
    """Run a stage for commits; note, and tell, whether they went through."""
    day = commits[0].date
    runs, reason = _tried(deployment, stage, day, commits, assets, replay=replay)
    left.note(stage, commits, reason)
    yield from runs
    return reason is None


def _tried(  # noqa: PLR0913 (all that a run has)
    deployment: Deployment,
    job: str,
    day: date,
    commits: Sequence[Commit],
    assets: Sequence[Path] = (),
    *,
    replay: bool = False,
) -> tuple[list[StageRun], str | None]:
    """Run a job; where commits that it is launched for make it fail, say why."""
    try:
        return list(_run(deployment, job, day, commits, assets, replay=replay)), None
    except Exception as error:
        if not commits or not _is_of_commits(error):
            raise
        if isinstance(error, HedgehogError):
            return [], str(error)
        _LOGGER.exception("A run of %s failed.", job)
        *_, cause = causes(error)
        return [], f"{type(cause).__name__}: {cause}."


def _is_of_commits(error: Exception) -> bool:
    """Tell whether a commit may be the cause of an error: what stops all of them is none."""
    return not isinstance(error, AnotherLakeError | UnfitWarehouseError) and not is_outage(error)


def _side_by_side(deployment: Deployment, left: SkippedCommits) -> Iterator[StageRun]:
    """Take the archive to the warehouse, each stage in a process of its own.

    A stage that is at rest begins with what waits for it, as the sensors would have it.
    """
    settings = deployment.settings
    with stage_processes() as processes:
        at_work: dict[str, Future[tuple[list[StageRun], str | None]]] = {}
        launched: dict[str, Sequence[Commit]] = {}
        while True:
            for stage, day, commits in _waiting(deployment, at_work, left):
                at_work[stage] = processes.submit(_whole_run, settings, stage, day, commits)
                launched[stage] = commits
            if not at_work:
                return
            wait(at_work.values(), return_when=FIRST_COMPLETED)
            for stage in [stage for stage, run in at_work.items() if run.done()]:
                runs, reason = at_work.pop(stage).result()
                left.note(stage, launched[stage], reason)
                yield from runs


def _waiting(
    deployment: Deployment, at_work: Collection[str], left: SkippedCommits
) -> Iterator[tuple[str, date, Sequence[Commit]]]:
    """Give what the stages that are at rest have to do while the archive lands."""
    if "extraction" not in at_work and not deployment.archive_landed():
        yield "extraction", datetime.now(timezone.utc).date(), ()
    if "processing" not in at_work and (
        landed := left.next_run("processing", deployment.commits_to_process(left.of("processing")))
    ):
        yield "processing", landed[0].date, landed
    if "storage" not in at_work and (
        processed := left.next_run("storage", deployment.commits_to_load(left.of("storage")))
    ):
        yield "storage", processed[0].date, processed


def _whole_run(
    settings: Settings, job: str, day: date, commits: Sequence[Commit]
) -> tuple[list[StageRun], str | None]:
    return _tried(Deployment(settings), job, day, commits)


def _run(  # noqa: PLR0913, PLR0917 (all that a run has)
    deployment: Deployment,
    job: str,
    day: date,
    commits: Sequence[Commit],
    assets: Sequence[Path] = (),
    asked: CaptureRequest = CHANGES,
    *,
    replay: bool = False,
) -> Iterator[StageRun]:
    """Run a job; give what each stage did that went through, also where another one fails."""
    from hedgehog_pipeline.runner.execute import execute  # noqa: PLC0415 (imports Dagster)

    numbers = tuple(commit.number for commit in commits)
    end = None if commits else deployment.lake.ingestion.end()
    done: list[StageRun] = []

    def tell(stage: str, rows: int, seconds: float) -> None:
        run = StageRun(stage, day, numbers, rows, seconds)
        if stage == EXTRACTION and end is not None:
            run = _with_reasons(run, [*deployment.lake.ingestion.after(end)])
        done.append(run)

    settings = deployment.settings
    try:
        execute(settings, job, day, commits, assets, asked, replay=replay, tell=tell)
    except Exception:  # whatever a transform raises
        yield from done
        raise
    yield from done
