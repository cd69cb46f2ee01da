"""The next run of all three stages: what it takes of what waits, and what it leaves out."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import chain

from dagster import DagsterInstance

from hedgehog_pipeline.errors import AnotherLakeError, HedgehogError
from hedgehog_pipeline.lake.commits import Commit
from hedgehog_pipeline.orchestration.run_status import failures, live_runs, pipeline_pauses
from hedgehog_pipeline.scheduling.batching import MAX_COMMITS, taken_of_pending
from hedgehog_pipeline.scheduling.planned_tables import Path, planned_assets
from hedgehog_pipeline.scheduling.run_tags import numbers_in, pending_tags

Pending = Mapping[str, Callable[[Collection[int]], Sequence[Commit]]]
"""Per stage, processing and storage, what reads the oldest commits that wait for it, but for some
numbers."""


@dataclass(frozen=True)
class PipelineRun:
    """A run of all three stages.

    Attributes:
        takes: per stage, the commits that wait for it now and that the run takes.
        tags: by which it takes these, and what lands until its stages begin.
    """

    takes: Mapping[str, Sequence[Commit]]
    tags: Mapping[str, str]

    def assets(self, changed: Collection[str]) -> list[Path]:
        """Give the assets that it plans to materialise.

        Args:
            changed: the tables of the shop that changed.
        """
        return planned_assets(changed, self.takes["processing"], self.takes["storage"])


def plan_pipeline_run(
    instance: DagsterInstance, pending: Pending, now: datetime
) -> PipelineRun | None:
    """Plan a run that takes what is new and what waits through all stages.

    It leaves out what a run of a stage is at work on, and what failed before: the sensors on the
    logs try that again, alone.

    Args:
        instance: where runs are recorded.
        pending: of each stage.
        now: the moment, aware UTC; its day is the partition.

    Returns:
        None where extraction goes alone, because landing waits for nothing: the warehouse or the
        processed bucket cannot be asked what waits, the last run of all stages has just failed, or
        more waits than one run takes.

    Raises:
        AnotherLakeError: where a bucket was emptied, swapped or rolled back.
    """
    if pipeline_pauses(instance, now):
        return None
    takes: dict[str, Sequence[Commit]] = {}
    left_out: dict[str, set[int]] = {}
    for stage, read in pending.items():
        out = left_out[stage] = _left_out(instance, stage, now)
        try:
            waiting = read(out)
        except AnotherLakeError:
            raise
        except HedgehogError:
            return None
        takes[stage] = taken_of_pending(waiting, now.date())
        of_today = [commit for commit in waiting if commit.date == now.date()]
        if len(takes[stage]) < len(of_today) or len(waiting) >= MAX_COMMITS:
            return None
    return PipelineRun(takes, pending_tags(left_out))


def _left_out(instance: DagsterInstance, stage: str, now: datetime) -> set[int]:
    """Give the commits that runs of the stage alone are for: at work on them, or to retry them."""
    failed = chain.from_iterable(failure.commits for failure in failures(instance, stage, now))
    runs = live_runs(instance, (stage,), now)
    at_work = chain.from_iterable(numbers_in(run.tags) for run in runs)
    return {*failed, *at_work}
