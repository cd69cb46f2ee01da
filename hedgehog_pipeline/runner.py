"""`hedgehog run`: the three stages, one after the other, until nothing is pending.

Each step is a run of the same job that a sensor launches, in this process. The logs are compared
before Dagster is imported, so that nothing to do costs little.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timezone

from hedgehog_pipeline.lake.commits import Commit
from hedgehog_pipeline.runs import of_first_day
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
    """

    stage: str
    day: date
    commits: tuple[int, ...]
    rows: int
    seconds: float


def run_until_done(surroundings: Surroundings) -> Iterator[StageRun]:
    """Run the stages until everything that the shop held at the start is in the warehouse.

    The archive comes slice by slice, each followed through to the warehouse, and one increment at
    most: what a busy shop does meanwhile is the next run's.

    Raises:
        HedgehogError: where a stage fails.
    """
    began = datetime.now(timezone.utc)
    while surroundings.scan_shop():
        yield _run(surroundings, "extraction", datetime.now(timezone.utc).date(), ())
        yield from _drain(surroundings)
        head = surroundings.lake.ingestion.head()
        # Another extractor's increment, the faster one, may come from before this run.
        if head is not None and head.kind == "increment" and head.captured_at >= began:
            break
    yield from _drain(surroundings)


def _drain(surroundings: Surroundings) -> Iterator[StageRun]:
    while landed := of_first_day(surroundings.commits_to_process()):
        yield _run(surroundings, "processing", landed[0].date, landed)
    while processed := of_first_day(surroundings.commits_to_load()):
        yield _run(surroundings, "storage", processed[0].date, processed)


def _run(surroundings: Surroundings, stage: str, day: date, commits: Sequence[Commit]) -> StageRun:
    from hedgehog_pipeline.stage_run import execute  # noqa: PLC0415 (imports Dagster)

    rows, seconds = execute(surroundings.settings, stage, day, commits)
    return StageRun(stage, day, tuple(commit.number for commit in commits), rows, seconds)
