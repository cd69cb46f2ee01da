"""What the command leaves: commits that cannot be processed or loaded, which it goes round.

As the sensors do (attempts.py), but without their pauses: commits that failed together are tried
one by one, and one that failed alone is left to the next command.
"""

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from itertools import takewhile

from hedgehog_pipeline.errors import LeftError
from hedgehog_pipeline.lake.commits import AnyCommit, Commit
from hedgehog_pipeline.runs import of_one_run

MOST_IN_A_ROW = 10
"""How many commits of a stage may fail one after the other before it is given up."""

_SAID = {
    "processing": ("ingestion commit", "processed"),
    "storage": ("processed commit", "loaded"),
}


@dataclass(frozen=True)
class Left:
    """The commits that failed by now, by stage and number.

    Attributes:
        reasons: why each that was tried alone cannot be taken.
        together: those that failed with others, and are to be tried alone.
        in_a_row: per stage, how many failed alone since one succeeded.
    """

    reasons: dict[str, dict[int, str]] = field(
        default_factory=lambda: {s: dict[int, str]() for s in _SAID}
    )
    together: dict[str, set[int]] = field(default_factory=lambda: {s: set[int]() for s in _SAID})
    in_a_row: Counter[str] = field(default_factory=Counter[str])

    def of(self, stage: str) -> Collection[int]:
        """Give the numbers of the commits that a stage leaves."""
        return self.reasons[stage]

    def next_run(self, stage: str, waiting: Sequence[AnyCommit]) -> list[AnyCommit]:
        """Choose what one run takes of the commits that wait; none where there is nothing to try.

        Args:
            stage: processing or storage.
            waiting: the commits, in order.
        """
        if self.in_a_row[stage] >= MOST_IN_A_ROW:
            return []
        untried = [commit for commit in waiting if commit.number not in self.reasons[stage]]
        suspects = self.together[stage]
        unsuspected = takewhile(lambda commit: commit.number not in suspects, untried)
        return of_one_run(list(unsuspected)) or untried[:1]

    def note(self, stage: str, commits: Sequence[Commit], reason: str | None) -> None:
        """Note how a run ended.

        Args:
            stage: processing or storage.
            commits: what it was launched for.
            reason: why it failed, None where it did not.
        """
        if reason is None:
            self.in_a_row[stage] = 0
        elif len(commits) > 1:
            self.together[stage].update(commit.number for commit in commits)
        else:
            self.reasons[stage][commits[0].number] = reason
            self.in_a_row[stage] += 1

    def tell(self) -> None:
        """Say what is left.

        Raises:
            LeftError: where something is.
        """
        sentences = [
            f"{self._named(stage)} could not be {_SAID[stage][1]}: {next(iter(reasons.values()))}"
            for stage, reasons in self.reasons.items()
            if reasons
        ]
        if not sentences:
            return
        given_up = any(failed >= MOST_IN_A_ROW for failed in self.in_a_row.values())
        rest = (
            f"{MOST_IN_A_ROW} commits failed one after the other, and no more were tried"
            if given_up
            else "Everything else is done"
        )
        raise LeftError(f"{rest}. Mend the cause, then run again. {' '.join(sentences)}")

    def _named(self, stage: str) -> str:
        numbers = sorted(self.reasons[stage])
        name = _SAID[stage][0].capitalize()
        if len(numbers) == 1:
            return f"{name} {numbers[0]}"
        first = next(iter(self.reasons[stage]))
        return f"{name}s {', '.join(map(str, numbers))} (the reason is that of {first})"
