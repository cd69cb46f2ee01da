"""What the command leaves: commits that cannot be processed or loaded, which it goes round.

As the sensors do (attempts.py), but without their pauses: of commits that failed together half as
many are tried, down to one, and after each success twice as many. One that failed alone is left to
the next command.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain, islice

from hedgehog_pipeline.errors import LeftError
from hedgehog_pipeline.lake.commits import AnyCommit, Commit
from hedgehog_pipeline.scheduling.batching import MAX_COMMITS, of_one_run

MAX_IN_A_ROW = MAX_COMMITS
"""How many commits of a stage may fail one after the other before it is given up: one cause that
all of them share is not tried for thousands."""

_MAX_REASONS = 10

_SAID = {
    "processing": ("ingestion commit", "processed"),
    "storage": ("processed commit", "loaded"),
}


@dataclass
class _Tries:
    """How the tries of a stage went by now.

    Attributes:
        reasons: by number, why commits that were tried alone cannot be taken.
        most: how many commits the next run may take.
        in_a_row: how many commits failed alone since a run succeeded.
    """

    reasons: dict[int, str] = field(default_factory=dict[int, str])
    most: int = MAX_COMMITS
    in_a_row: int = 0


@dataclass(frozen=True)
class SkippedCommits:
    """The commits that failed by now, by stage and number."""

    _tries: defaultdict[str, _Tries] = field(default_factory=lambda: defaultdict(_Tries))

    def of(self, stage: str) -> Collection[int]:
        """Give the numbers of the commits that a stage leaves."""
        return self._tries[stage].reasons

    def next_run(self, stage: str, waiting: Sequence[AnyCommit]) -> list[AnyCommit]:
        """Choose what one run takes of the commits that wait; none where there is nothing to try.

        Args:
            stage: processing or storage.
            waiting: the commits, in order.
        """
        tries = self._tries[stage]
        if tries.in_a_row >= MAX_IN_A_ROW:
            return []
        untried = [commit for commit in waiting if commit.number not in tries.reasons]
        return of_one_run(untried[: tries.most])

    def note(self, stage: str, commits: Sequence[Commit], reason: str | None) -> None:
        """Note how a run ended.

        Args:
            stage: processing or storage.
            commits: what it was launched for.
            reason: why it failed, None where it did not.
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

    def tell(self) -> None:
        """Say what is left, each different reason once.

        Raises:
            LeftError: where something is.
        """
        left = {stage: tries for stage, tries in self._tries.items() if tries.reasons}
        if not left:
            return
        given_up = any(tries.in_a_row >= MAX_IN_A_ROW for tries in left.values())
        rest = (
            f"{MAX_IN_A_ROW} commits failed one after the other, and no more were tried"
            if given_up
            else "Everything else is done"
        )
        told = " ".join(_told(stage, tries.reasons) for stage, tries in left.items())
        raise LeftError(f"{rest}. Mend the cause, then run again. {told}")


def _told(stage: str, reasons: Mapping[int, str]) -> str:
    """Say which commits of a stage are left, by reason, and the first reasons."""
    numbers: dict[str, list[int]] = defaultdict(list)
    for number, reason in sorted(reasons.items()):
        numbers[reason].append(number)
    name, done = _SAID[stage]
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
