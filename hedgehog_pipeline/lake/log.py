"""The commit log of a bucket: numbered objects without gaps, each created once."""

from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date
from json import loads
from typing import Any, Generic, NamedTuple, get_args
from uuid import uuid4

from pydantic import ValidationError

from hedgehog_pipeline.errors import AnotherLakeError, HedgehogError
from hedgehog_pipeline.lake.bucket import RESTORE, Bucket
from hedgehog_pipeline.lake.commits import AnyCommit

_PREFIX = "commits/"

_LATEST = 1000
"""How many commits one listing tells of."""


def commit_key(number: int) -> str:
    """Give the key of a commit; twenty digits, so that keys sort as numbers do."""
    return f"{_PREFIX}{number:020d}.json"


class CommitRef(NamedTuple):
    """A commit as somebody took it from a log, by which the log is known again.

    Attributes:
        log: id of the log.
        number: place in the log.
        batch: id of its batch.
    """

    log: str
    number: int
    batch: str


@dataclass(eq=False)
class CommitLog(Generic[AnyCommit]):
    """The log in a bucket, its commits of one model; threads may share it."""

    bucket: Bucket
    model: type[AnyCommit]
    _known: int = field(default=0, init=False, repr=False)
    _whole: int = field(default=0, init=False, repr=False)
    _last_read: tuple[str, AnyCommit] | None = field(default=None, init=False, repr=False)
    _log: str | None = field(default=None, init=False, repr=False)

    def end(self) -> int:
        """Find the number of the last commit, 0 for an empty log.

        Numbers are dense, so the end is found by doubling and bisecting, from a commit that was
        there before, where that still stands. One listing tells that nothing stands beyond it and,
        the first time, that none of the last thousand commits is missing.

        Raises:
            AnotherLakeError: where a commit is missing, and later ones stand behind it.
        """
        return self._find_end()[0]

    def head(self) -> AnyCommit | None:
        """Read the last commit, None for an empty log; again only where it is another object.

        Raises:
            AnotherLakeError: where a commit is missing, or it does not follow the one before it.
        """
        end, etag = self._find_end()
        if not end:
            return None
        last = self._last_read
        if last is None or last[0] != etag:
            (commit,) = self.linked([self._there(end)])
            last = self._last_read = etag, commit
            self._log = commit.log
        return last[1]

    def read(self, number: int) -> AnyCommit:
        """Read a commit.

        Raises:
            AnotherLakeError: where it is missing, or another one is in its place.
            HedgehogError: where it cannot be read.
        """
        commit = self._there(number)
        if self._log is None:
            self._log = commit.log
        if commit.log != self._log:  # where the bucket was begun anew, its last commit says so
            head = self.head()
            if head is None or commit.log != head.log:
                raise AnotherLakeError(
                    f"The object {commit_key(number)} in the bucket {self.bucket.name} holds a "
                    f"commit of the log {commit.log}, and the log there is "
                    f"{head.log if head else 'empty'}: it is another log's. {RESTORE}"
                )
            self._log = commit.log
        return commit

    def after(self, number: int) -> Iterator[AnyCommit]:
        """Read the commits after a number, in order, at the cost of those alone.

        Raises:
            HedgehogError: where one is missing, cannot be read, or does not follow the one before.
        """
        yield from self.linked(map(self.read, range(number + 1, self.end() + 1)))

    def linked(self, commits: Iterable[AnyCommit]) -> Iterator[AnyCommit]:
        """Hand commits of this log on, each as soon as it is seen to follow the one before it.

        The one before the first is read for that; one behind a gap in the numbers is believed.

        Raises:
            AnotherLakeError: where one does not: it or the one before it is of another log.
        """
        before: AnyCommit | None = None
        for commit in commits:
            number = commit.number - 1
            is_first = before is None
            if is_first and number:
                before = self._there(number)
            batch = before.batch if before else None
            if commit.previous != batch and (is_first or (before and before.number == number)):
                raise AnotherLakeError(
                    f"Commit {commit.number} in the bucket {self.bucket.name} follows "
                    f"{commit.previous or 'nothing'}, where {batch or 'nothing'} stands before it: "
                    f"one of the two is another log's. {RESTORE}"
                )
            yield commit
            before = commit

    def confirm_latest(self) -> None:
        """See that none of the last thousand commits is missing; it costs one question.

        Raises:
            AnotherLakeError: where one is; every look at the end says so then, until it is back.
        """
        self._whole = 0
        self.end()

    def confirm_whole(self) -> None:
        """See that no commit is missing; it costs a question for each thousand.

        Raises:
            AnotherLakeError: where one is.
        """
        self._last_listed(0)

    def of_day(self, day: date) -> list[AnyCommit]:
        """Read the commits of a day, in a log whose dates never go back."""
        numbers = range(1, self.end() + 1)
        first = bisect_left(numbers, day, key=lambda n: self.read(n).date) + 1
        found: list[AnyCommit] = []
        for number in numbers[first - 1 :]:
            commit = self.read(number)
            if commit.date != day:
                break
            found.append(commit)
        return list(self.linked(found))

    def confirm(self, taken: CommitRef, by: str, remedy: str) -> None:
        """See that a commit which was taken from this log is still the one that stands there.

        Args:
            taken: the commit.
            by: who took it.
            remedy: what to do where the bucket cannot be restored, a sentence's end.

        Raises:
            AnotherLakeError: where it is gone or another one: the bucket was emptied, swapped or
                rolled back, or the commit was removed.
        """
        found = self._find(taken.number)
        if found is None and (end := self.end()) > taken.number:
            raise self._missing(taken.number, f"though commit {end} stands behind it")
        if found is None or found.batch != taken.batch:
            raise AnotherLakeError(
                f"{by} holds commit {taken.number} (batch {taken.batch}) of the bucket "
                f"{self.bucket.name}, where {found.batch if found else 'nothing'} stands now: "
                f"{self._what_happened(taken, found)}. Name the right bucket, or restore its "
                f"objects and delete what was written since. If they are lost, {remedy} "
                "See docs/operations.md."
            )
        self._known = max(self._known, taken.number)
        self._log = found.log

    def batch_of(self, number: int) -> str | None:
        """Give the id of the batch of a commit, None where there is no such commit."""
        found = self._find(number)
        return found.batch if found else None

    def append(self, build: Callable[[AnyCommit | None], AnyCommit | None]) -> AnyCommit | None:
        """Append the commit that `build` makes for the head of the log.

        `build` is asked again with the new head whenever another writer was first; it gives None
        to let its batch go. A commit of one's own batch in the place means that an earlier try
        got through although its answer was lost.
        """
        while True:
            # Listed again: nothing is written below a commit that stands beyond the end.
            self._whole = max(self._whole - 1, 0)
            commit = build(self.head())
            if commit is None:
                return None
            body = commit.model_dump_json(indent=1).encode()
            if self.bucket.create(commit_key(commit.number), body):
                return commit
            if self.batch_of(commit.number) == commit.batch:
                return commit

    def _what_happened(self, taken: CommitRef, found: AnyCommit | None) -> str:
        last = found or self.head()
        if last is None:
            return "the bucket was emptied"
        if last.log != taken.log:
            return "the bucket is another lake's, or was emptied and begun anew"
        if found is None:
            return f"the bucket was rolled back to commit {last.number}"
        return "the bucket was rolled back and has grown since"

    def _find_end(self) -> tuple[int, str]:
        """Find the last commit, beyond which nothing stands; give its number and ETag."""
        while True:
            end, etag = self._look_for_end()
            if end and end == self._whole:
                return end, etag
            whole = self._whole if self._whole <= end else 0
            if self._last_listed(max(whole, end - _LATEST)) <= end:
                self._whole = end
                return end, etag
            # Another writer was appending just now.

    def _look_for_end(self) -> tuple[int, str]:
        etags = {0: ""}

        def is_there(number: int) -> bool:
            if etag := self.bucket.etag_of(commit_key(number)):
                etags[number] = etag
            return number in etags

        known = self._known
        if not (known and is_there(known)):
            known = 0
        step = 1
        while is_there(known + step):
            step *= 2
        numbers = range(known + step // 2 + 1, known + step)
        end = numbers.start - 1 + bisect_left(numbers, x=True, key=lambda n: not is_there(n))
        self._known = end
        return end, etags[end]

    def _last_listed(self, number: int) -> int:
        """List what stands behind a number, each commit behind the one before; give the last."""
        for found in self._numbers_after(number):
            for between in range(number + 1, found):
                self._confirm_there(between, found)
            number = found
        return number

    def _numbers_after(self, number: int) -> Iterator[int]:
        """List the numbers of the commits that stand behind one, also behind a gap."""
        for found in self.bucket.objects(_PREFIX, after=commit_key(number)):
            digits = found.key.removeprefix(_PREFIX).removesuffix(".json")
            if digits.isdecimal() and found.key == commit_key(int(digits)):
                yield int(digits)

    def _confirm_there(self, number: int, beyond: int) -> None:
        """See that a commit is there, since a later one is."""
        if self.bucket.etag_of(commit_key(number)) is None:
            raise self._missing(number, f"though commit {beyond} stands behind it")

    def _missing(self, number: int, why: str) -> AnotherLakeError:
        return AnotherLakeError(
            f"The object {commit_key(number)} is missing from the bucket {self.bucket.name}, "
            f"{why}. {RESTORE}"
        )

    def _there(self, number: int) -> AnyCommit:
        found = self._find(number)
        if found is None:
            raise self._missing(number, "though its log holds it")
        return found

    def _find(self, number: int) -> AnyCommit | None:
        body = self.bucket.find(commit_key(number))
        return self._parse(number, body) if body is not None else None

    def _parse(self, number: int, body: bytes) -> AnyCommit:
        try:
            commit = self.model.model_validate_json(body)
        except ValidationError as error:
            where = f"Commit {number} in the bucket {self.bucket.name} cannot be read"
            if self._is_of_another_format(body):
                raise HedgehogError(
                    f"{where} ({error.error_count()} faults, first: {error.errors()[0]['msg']}); "
                    "it was written by a newer Hedgehog: use that one or a later one."
                ) from error
            raise AnotherLakeError(
                f"{where}: the object {commit_key(number)} is none of its commits, it was cut or "
                f"altered. {RESTORE}"
            ) from error
        if commit.number != number:
            raise AnotherLakeError(
                f"The object {commit_key(number)} in the bucket {self.bucket.name} holds commit "
                f"{commit.number}: commits were exchanged. {RESTORE}"
            )
        return commit

    def _is_of_another_format(self, body: bytes) -> bool:
        try:
            told: Any = loads(body)
        except ValueError:
            return False
        known = get_args(self.model.model_fields["format"].annotation)
        return isinstance(told, dict) and told.get("format", known[0]) not in known


def new_log_id() -> str:
    """Make the id that a log's first commit gives it."""
    return uuid4().hex
