"""`hedgehog run` and `hedgehog rebuild`: the stages, one after the other, until nothing waits.

Each step is a run of the job that a sensor would launch, in this process. The logs are compared
before Dagster is imported, so that nothing to do costs little.
"""

from collections.abc import Collection, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import dataclass, replace
from datetime import date, datetime, timezone

from hedgehog_pipeline.errors import HedgehogError
from hedgehog_pipeline.extraction.mode import CHANGES, Asked, Mode
from hedgehog_pipeline.lake.commits import Commit, IngestionCommit
from hedgehog_pipeline.planned import (
    Path,
    landed_assets,
    loaded_assets,
    planned_assets,
    processed_assets,
)
from hedgehog_pipeline.runs import EXTRACTION, PIPELINE, of_one_run
from hedgehog_pipeline.settings import Settings
from hedgehog_pipeline.surroundings import Surroundings
from hedgehog_pipeline.workers import stage_processes


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


def sweep_until_done(surroundings: Surroundings, *, allow_mass_delete: bool) -> Iterator[StageRun]:
    """Find the rows that vanished from the shop, and take what is found to the warehouse.

    Args:
        surroundings: of the deployment.
        allow_mass_delete: whether a large share of a table may be gone.

    Raises:
        HedgehogError: where a stage fails, or so much is gone that a person has to say whether
            it is meant.
    """
    yield from _extract(surroundings, EXTRACTION, Asked(Mode.SWEEP, allow_mass_delete))
    yield from _drain(surroundings)


def replay_until_done(surroundings: Surroundings, numbers: Collection[int]) -> Iterator[StageRun]:
    """Process ingestion commits again, and take what is made of them to the warehouse.

    What waits is taken first: commits that were never processed are not done again.

    Args:
        surroundings: of the deployment.
        numbers: of the commits.

    Raises:
        HedgehogError: where a stage fails.
    """
    yield from _drain(surroundings)
    commits = [surroundings.lake.ingestion.read(number) for number in sorted(numbers)]
    while commits:
        together = of_one_run(commits)
        yield from _process_together(surroundings, together, replay=True)
        commits = commits[len(together) :]
    yield from _drain(surroundings)


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


def run_until_done(surroundings: Surroundings, mode: Mode = Mode.CHANGES) -> Iterator[StageRun]:
    """Run the stages until what the shop and the inbox held at the start is in the warehouse.

    The archive comes slice by slice, that of a large shop by the stages side by side, and one
    increment at most: what a busy shop does meanwhile is the next run's. Then the files of the
    inbox come.

    Args:
        surroundings: of the deployment.
        mode: what is taken of the shop.

    Raises:
        HedgehogError: where a stage fails, the lake and the warehouse do not belong together, or
            the lake lacks a commit.
    """
    surroundings.lake.confirm_latest()
    surroundings.confirm_lake()
    began = datetime.now(timezone.utc)
    if mode is Mode.REREAD:
        yield from _reread(surroundings)
        yield from _drain(surroundings)
    while changed := surroundings.scan_shop():
        if surroundings.large_archive_waits():
            yield from _side_by_side(surroundings)
            continue
        yield from _follow(surroundings, changed)
        head = surroundings.lake.ingestion.head()
        # Another extractor's increment, the faster one, may come from before this run.
        if head is not None and head.kind == "increment" and head.captured_at >= began:
            break
    else:
        yield from _drain(surroundings)
    waiting = surroundings.files_to_take()
    while waiting:
        yield from _extract(surroundings, EXTRACTION, Asked(Mode.INBOX))
        yield from _drain(surroundings)
        left = surroundings.files_to_take()
        waiting = [file for file in waiting if file in left]


def rebuild(surroundings: Surroundings) -> Iterator[Backlog]:
    """Fill an empty warehouse from the lake; the shop is not asked.

    Gives what waits for one stage, then, when its runs are through, for the next.

    Raises:
        HedgehogError: where the warehouse is not empty, a stage fails, or the lake lacks a commit.
    """
    surroundings.lake.confirm_latest()
    surroundings.confirm_lake()
    with surroundings.warehouse() as warehouse:
        last = warehouse.last_loaded()
    if last is not None:
        raise HedgehogError(
            f"The warehouse is not empty: it holds commits, the last of them {last.number}. "
            "`hedgehog rebuild` fills an empty one: name an empty database in the warehouse's "
            "secret, or use `hedgehog run`, which loads what is missing."
        )
    yield Backlog("processing", surroundings.lake.unprocessed(), _process(surroundings))
    yield Backlog("storage", surroundings.lake.processed.end(), _load(surroundings))


def _reread(surroundings: Surroundings) -> Iterator[StageRun]:
    """Begin the archive anew; where another extractor is faster, once more."""
    while True:
        for run in _extract(surroundings, EXTRACTION, Asked(Mode.REREAD)):
            yield run
            if run.reread:
                return


def _follow(surroundings: Surroundings, changed: Collection[str]) -> Iterator[StageRun]:
    """Extract, and take what lands to the warehouse: in one run where nothing waits further down.

    Where something waits, or cannot be asked for, landing does not wait for it.
    """
    if surroundings.something_waits():
        yield from _extract(surroundings, EXTRACTION, CHANGES, landed_assets(changed))
    else:
        yield from _extract(surroundings, PIPELINE, CHANGES, planned_assets(changed))
    yield from _drain(surroundings)


def _extract(
    surroundings: Surroundings, job: str, asked: Asked, assets: Sequence[Path] = ()
) -> Iterator[StageRun]:
    end, today = surroundings.lake.ingestion.end(), datetime.now(timezone.utc).date()
    for run in _run(surroundings, job, today, (), assets, asked):
        landed = [*surroundings.lake.ingestion.after(end)] if run.stage == "extraction" else []
        reasons = (commit.reread for commit in landed)
        of_tables = (why for commit in landed for why in commit.reread_tables.values())
        yield replace(run, reread=next(filter(None, reasons), None), reread_tables=tuple(of_tables))


def _drain(surroundings: Surroundings) -> Iterator[StageRun]:
    yield from _process(surroundings)
    yield from _load(surroundings)


def _process(surroundings: Surroundings) -> Iterator[StageRun]:
    while landed := of_one_run(surroundings.commits_to_process()):
        yield from _process_together(surroundings, landed)


def _process_together(
    surroundings: Surroundings, commits: Sequence[IngestionCommit], *, replay: bool = False
) -> Iterator[StageRun]:
    assets, day = processed_assets(commits), commits[0].date
    yield from _run(surroundings, "processing", day, commits, assets, replay=replay)


def _load(surroundings: Surroundings) -> Iterator[StageRun]:
    while processed := of_one_run(surroundings.commits_to_load()):
        assets = loaded_assets(processed)
        yield from _run(surroundings, "storage", processed[0].date, processed, assets)


def _side_by_side(surroundings: Surroundings) -> Iterator[StageRun]:
    """Take the archive to the warehouse, each stage in a process of its own.

    A stage that is at rest begins with what waits for it, as the sensors would have it.
    """
    settings = surroundings.settings
    with stage_processes() as processes:
        at_work: dict[str, Future[list[StageRun]]] = {}
        while True:
            for stage, day, commits in _waiting(surroundings, at_work):
                at_work[stage] = processes.submit(_whole_run, settings, stage, day, commits)
            if not at_work:
                return
            wait(at_work.values(), return_when=FIRST_COMPLETED)
            for stage in [stage for stage, run in at_work.items() if run.done()]:
                yield from at_work.pop(stage).result()


def _waiting(
    surroundings: Surroundings, at_work: Collection[str]
) -> Iterator[tuple[str, date, Sequence[Commit]]]:
    """Give what the stages that are at rest have to do while the archive lands."""
    if "extraction" not in at_work and not surroundings.archive_landed():
        yield "extraction", datetime.now(timezone.utc).date(), ()
    if "processing" not in at_work and (landed := of_one_run(surroundings.commits_to_process())):
        yield "processing", landed[0].date, landed
    if "storage" not in at_work and (processed := of_one_run(surroundings.commits_to_load())):
        yield "storage", processed[0].date, processed


def _whole_run(
    settings: Settings, job: str, day: date, commits: Sequence[Commit]
) -> list[StageRun]:
    return list(_run(Surroundings(settings), job, day, commits))


def _run(  # noqa: PLR0913, PLR0917 (all that a run has)
    surroundings: Surroundings,
    job: str,
    day: date,
    commits: Sequence[Commit],
    assets: Sequence[Path] = (),
    asked: Asked = CHANGES,
    *,
    replay: bool = False,
) -> Iterator[StageRun]:
    from hedgehog_pipeline.stage_run import execute  # noqa: PLC0415 (imports Dagster)

    numbers = tuple(commit.number for commit in commits)
    done = execute(surroundings.settings, job, day, commits, assets, asked, replay=replay)
    for stage, (rows, seconds) in done.items():
        yield StageRun(stage, day, numbers, rows, seconds)
