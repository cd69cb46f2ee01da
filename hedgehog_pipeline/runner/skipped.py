"""Commits that `hedgehog run` skips because they cannot be processed or loaded.

It retries as the sensors do (scheduling/retry.py), but without their pauses: of commits that failed
together it tries half as many, down to one, and after each success twice as many. A commit that
failed alone is left to the next command.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain, islice

from hedgehog_pipeline.errors import SkippedCommitsError
from hedgehog_pipeline.lake.commits import AnyCommit, Commit
from hedgehog_pipeline.scheduling.batching import MAX_COMMITS, first_run

MAX_IN_A_ROW = MAX_COMMITS
"""How many commits of a stage may fail in a row before the command gives the stage up: a cause that
all of them share is not tried thousands of times."""

_MAX_REASONS = 10

_WORDS = {
    "processing": ("ingestion commit", "processed"),
    "storage": ("processed commit", "loaded"),
}


@dataclass
class _Tries:
    """The attempts of a stage so far.

    Attributes:
        reasons: by number, why commits failed that were tried alone.
        most: how many commits the next run may take.
        in_a_row: how many commits failed alone since the last success.
    """

    reasons: dict[int, str] = field(default_factory=dict[int, str])
    most: int = MAX_COMMITS
    in_a_row: int = 0


@dataclass(frozen=True)
class SkippedCommits:
    """The commits that failed so far, by stage and number."""

    _tries: defaultdict[str, _Tries] = field(default_factory=lambda: defaultdict(_Tries))

    def of(self, stage: str) -> Collection[int]:
        """Return the numbers of the commits that a stage skips."""
        return self._tries[stage].reasons

    def next_run(self, stage: str, waiting: Sequence[AnyCommit]) -> list[AnyCommit]:
        """Choose the pending commits of the next run; none if there is nothing to try.

        Args:
            stage: processing or storage.
            waiting: the pending commits, in order.
        """
        tries = self._tries[stage]
        if tries.in_a_row >= MAX_IN_A_ROW:
            return []
        untried = [commit for commit in waiting if commit.number not in tries.reasons]
        return first_run(untried[: tries.most])

    def record(self, stage: str, commits: Sequence[Commit], reason: str | None) -> None:
        """Record how a run ended.

        Args:
            stage: processing or storage.
            commits: the commits of the run.
            reason: why it failed, None if it succeeded.
        """
        tries = self._tries[stage]
        if reason is None:
            tries.most = min(2 * tries.most, MAX_COMMITS)
            tries.in_a_row = 0
        elif len(commits) > 1:
            tries.most = len(commits) // 2
        else:
            tries.reasons[commits[0].number] = reason
            tries.in_a_row += 1

    def raise_if_any(self) -> None:
        """Raise an error that names the skipped commits, each different reason once.

        Raises:
            SkippedCommitsError: if there are any.
        """
        failed = {stage: tries for stage, tries in self._tries.items() if tries.reasons}
        if not failed:
            return
        given_up = any(tries.in_a_row >= MAX_IN_A_ROW for tries in failed.values())
        rest = (
            f"{MAX_IN_A_ROW} commits failed in a row, and the rest was not tried"
            if given_up
            else "Everything else is done"
        )
        details = " ".join(_describe(stage, tries.reasons) for stage, tries in failed.items())
        raise SkippedCommitsError(f"{rest}. Fix the cause, then run again. {details}")


def _describe(stage: str, reasons: Mapping[int, str]) -> str:
    """Name the skipped commits of a stage, grouped by reason, with the first reasons."""
    numbers: dict[str, list[int]] = defaultdict(list)
    for number, reason in sorted(reasons.items()):
        numbers[reason].append(number)
    name, done = _WORDS[stage]
    sentences = [
        f"{_named(name, of_reason)} could not be {done}: {reason}"
        for reason, of_reason in islice(numbers.items(), _MAX_REASONS)
    ]
    if others := [*chain.from_iterable(islice(numbers.values(), _MAX_REASONS, None))]:
        sentences.append(f"{_named(name, others)} could not be {done} for other reasons.")
    return " ".join(sentences)


def _named(name: str, numbers: Sequence[int]) -> str:
    plural = "s" if len(numbers) > 1 else ""
    return f"{name.capitalize()}{plural} {', '.join(map(str, numbers))}"
