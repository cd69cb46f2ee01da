"""Plan the next run of all three stages: the pending commits it takes, and those it leaves out."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import chain
from typing import Protocol

from dagster import DagsterInstance

from hedgehog_pipeline.errors import HedgehogError, LakeMismatchError
from hedgehog_pipeline.lake.commits import Commit
from hedgehog_pipeline.model.model import Model
from hedgehog_pipeline.orchestration.run_status import failures, live_runs, pipeline_pauses
from hedgehog_pipeline.scheduling.batching import MAX_COMMITS, pending_of_day
from hedgehog_pipeline.scheduling.planned_tables import Path, planned_assets
from hedgehog_pipeline.scheduling.run_tags import numbers_in, pending_tags


class ReadPending(Protocol):
    """Reads the pending commits of a stage."""

    def __call__(self, without: Collection[int] = ..., /) -> Sequence[Commit]:
        """Return the oldest pending commits, except those with the given numbers."""
        ...


Pending = Mapping[str, ReadPending]
"""Of processing and storage."""


@dataclass(frozen=True)
class PipelineRun:
    """A run of all three stages.

    Attributes:
        model: the declared tables.
        takes: per stage, the pending commits that the run takes.
        tags: run tags that select these commits, and those that land until its stages begin.
    """

    model: Model
    takes: Mapping[str, Sequence[Commit]]
    tags: Mapping[str, str]

    def assets(self, changed: Collection[str]) -> list[Path]:
        """Return the assets that the run plans to materialise.

        Args:
            changed: the source tables with changes.
        """
        return planned_assets(self.model, changed, self.takes["processing"], self.takes["storage"])


def plan_pipeline_run(
    instance: DagsterInstance, model: Model, pending: Pending, now: datetime
) -> PipelineRun | None:
    """Plan a run that takes new changes and pending commits through all stages.

    It leaves out the commits that a run of a single stage works on, and those that failed before:
    the sensors on the logs retry these alone.

    Args:
        instance: where runs are recorded.
        model: the declared tables.
        pending: of each stage.
        now: current time, aware UTC; its day is the partition.

    Returns:
        None if only extraction can run, because landing waits for nothing: the warehouse or the
        processed bucket cannot be reached, the last run of all stages has just failed, or more
        commits are pending than one run takes.

    Raises:
        LakeMismatchError: if a bucket was emptied, swapped or rolled back.
    """
    if pipeline_pauses(instance, now):
        return None
    takes: dict[str, Sequence[Commit]] = {}
    left_out: dict[str, set[int]] = {}
    for stage, read in pending.items():
        out = left_out[stage] = _left_out(instance, stage, now)
        try:
            waiting = read(out)
        except LakeMismatchError:
            raise
        except HedgehogError:
            return None
        takes[stage] = pending_of_day(waiting, now.date())
        of_today = [commit for commit in waiting if commit.date == now.date()]
        if len(takes[stage]) < len(of_today) or len(waiting) >= MAX_COMMITS:
            return None
    return PipelineRun(model, takes, pending_tags(left_out))


def _left_out(instance: DagsterInstance, stage: str, now: datetime) -> set[int]:
    """Return the commits of runs of the stage alone: live runs, and failed ones to retry."""
    failed = chain.from_iterable(failure.commits for failure in failures(instance, stage, now))
    runs = live_runs(instance, (stage,), now)
    in_progress = chain.from_iterable(numbers_in(run.tags) for run in runs)
    return {*failed, *in_progress}
