"""`hedgehog run` and `hedgehog rebuild`: the stages, one after the other, until nothing waits.

Each step is a run of the same job that a sensor launches, in this process. The logs are compared
before Dagster is imported, so that nothing to do costs little.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timezone

from hedgehog_pipeline.errors import HedgehogError
from hedgehog_pipeline.extraction.mode import CHANGES, Asked, Mode
from hedgehog_pipeline.lake.commits import Commit
from hedgehog_pipeline.runs import of_one_run
from hedgehog_pipeline.surroundings import Surroundings


@dataclass(frozen=True)
class StageRun:
    """What one run of a stage did.

    Attributes:
        stage: extraction, processing or storage.
        day: the partition.
        commits: the commits that it was launched for; none for extraction.
        rows: rows landed, shaped or written.
        seconds: from its launch to its end.
        reread: why the shop is read in full again from this run on, None where it is not.
    """

    stage: str
    day: date
    commits: tuple[int, ...]
    rows: int
    seconds: float
    reread: str | None = None


def sweep_until_done(surroundings: Surroundings, *, allow_mass_delete: bool) -> Iterator[StageRun]:
    """Find the rows that vanished from the shop, and take what is found to the warehouse.

    Args:
        surroundings: of the deployment.
        allow_mass_delete: whether a large share of a table may be gone.

    Raises:
        HedgehogError: where a stage fails, or so much is gone that a person has to say whether
            it is meant.
    """
    yield _extract(surroundings, Asked(Mode.SWEEP, allow_mass_delete))
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
        yield _run(surroundings, "processing", together[0].date, together)
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

    The archive comes slice by slice, each followed through to the warehouse, and one increment at
    most: what a busy shop does meanwhile is the next run's. Then the files of the inbox come.

    Args:
        surroundings: of the deployment.
        mode: what is taken of the shop.

    Raises:
        HedgehogError: where a stage fails, or the lake and the warehouse do not belong together.
    """
    surroundings.confirm_lake()
    began = datetime.now(timezone.utc)
    if mode is Mode.REREAD:
        yield from _reread(surroundings)
        yield from _drain(surroundings)
    while surroundings.scan_shop():
        yield _extract(surroundings, CHANGES)
        yield from _drain(surroundings)
        head = surroundings.lake.ingestion.head()
        # Another extractor's increment, the faster one, may come from before this run.
        if head is not None and head.kind == "increment" and head.captured_at >= began:
            break
    yield from _drain(surroundings)
    waiting = surroundings.files_to_take()
    while waiting:
        yield _extract(surroundings, Asked(Mode.INBOX))
        left = surroundings.files_to_take()
        waiting = [file for file in waiting if file in left]
    yield from _drain(surroundings)


def rebuild(surroundings: Surroundings) -> Iterator[Backlog]:
    """Fill an empty warehouse from the lake; the shop is not asked.

    Gives what waits for one stage, then, when its runs are through, for the next.

    Raises:
        HedgehogError: where the warehouse is not empty or a stage fails.
    """
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
        run = _extract(surroundings, Asked(Mode.REREAD))
        yield run
        if run.reread:
            return


def _extract(surroundings: Surroundings, asked: Asked) -> StageRun:
    end, today = surroundings.lake.ingestion.end(), datetime.now(timezone.utc).date()
    run = _run(surroundings, "extraction", today, (), asked)
    reasons = (commit.reread for commit in surroundings.lake.ingestion.after(end))
    return replace(run, reread=next(filter(None, reasons), None))


def _drain(surroundings: Surroundings) -> Iterator[StageRun]:
    yield from _process(surroundings)
    yield from _load(surroundings)


def _process(surroundings: Surroundings) -> Iterator[StageRun]:
    while landed := of_one_run(surroundings.commits_to_process()):
        yield _run(surroundings, "processing", landed[0].date, landed)


def _load(surroundings: Surroundings) -> Iterator[StageRun]:
    while processed := of_one_run(surroundings.commits_to_load()):
        yield _run(surroundings, "storage", processed[0].date, processed)


def _run(
    surroundings: Surroundings,
    stage: str,
    day: date,
    commits: Sequence[Commit],
    asked: Asked = CHANGES,
) -> StageRun:
    from hedgehog_pipeline.stage_run import execute  # noqa: PLC0415 (imports Dagster)

    rows, seconds = execute(surroundings.settings, stage, day, commits, asked)
    return StageRun(stage, day, tuple(commit.number for commit in commits), rows, seconds)
