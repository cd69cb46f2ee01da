"""The commit log of a bucket: numbered objects without gaps, each created once."""

from bisect import bisect_left
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import Generic, NamedTuple
from uuid import uuid4

from pydantic import ValidationError

from hedgehog_pipeline.errors import AnotherLakeError, HedgehogError
from hedgehog_pipeline.lake.bucket import Bucket
from hedgehog_pipeline.lake.commits import AnyCommit

_PREFIX = "commits/"


def commit_key(number: int) -> str:
    """Give the key of a commit; twenty digits, so that keys sort as numbers do."""
    return f"{_PREFIX}{number:020d}.json"


class Taken(NamedTuple):
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
    _last_read: tuple[str, AnyCommit] | None = field(default=None, init=False, repr=False)

    def end(self) -> int:
        """Find the number of the last commit, 0 for an empty log.

        Numbers are dense, so the end is found by doubling and bisecting, never by listing; from
        a commit that was there before, where that still stands.
        """
        return self._find_end()[0]

    def head(self) -> AnyCommit | None:
        """Read the last commit, None for an empty log; again only where it is another object."""
        end, etag = self._find_end()
        if not end:
            return None
        last = self._last_read
        if last is None or last[0] != etag:
            last = self._last_read = etag, self.read(end)
        return last[1]

    def read(self, number: int) -> AnyCommit:
        """Read a commit.

        Raises:
            HedgehogError: where it is missing or cannot be read.
        """
        return self._parse(number, self.bucket.read(commit_key(number)))

    def after(self, number: int) -> Iterator[AnyCommit]:
        """Read the commits after a number, in order, at the cost of those alone.

        Raises:
            HedgehogError: where one is missing or cannot be read.
        """
        yield from map(self.read, range(number + 1, self.end() + 1))

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
        return found

    def confirm(self, taken: Taken, by: str, remedy: str) -> None:
        """See that a commit which was taken from this log is still the one that stands there.

        Args:
            taken: the commit.
            by: who took it.
            remedy: what to do where the bucket cannot be restored, a sentence's end.

        Raises:
            AnotherLakeError: where it is gone or another one: the bucket was emptied, swapped or
                rolled back.
        """
        found = self._find(taken.number)
        if found is None or found.batch != taken.batch:
            raise AnotherLakeError(
                f"{by} holds commit {taken.number} (batch {taken.batch}) of the bucket "
                f"{self.bucket.name}, where {found.batch if found else 'nothing'} stands now: "
                f"{self._what_happened(taken, found)}. Name the right bucket, or restore its "
                f"objects and delete what was written since. If they are lost, {remedy} "
                "See docs/operations.md."
            )
        self._known = max(self._known, taken.number)

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
            commit = build(self.head())
            if commit is None:
                return None
            body = commit.model_dump_json(indent=1).encode()
            if self.bucket.create(commit_key(commit.number), body):
                return commit
            if self.read(commit.number).batch == commit.batch:
                return commit

    def _what_happened(self, taken: Taken, found: AnyCommit | None) -> str:
        last = found or self.head()
        if last is None:
            return "the bucket was emptied"
        if last.log != taken.log:
            return "the bucket is another lake's, or was emptied and begun anew"
        if found is None:
            return f"the bucket was rolled back to commit {last.number}"
        return "the bucket was rolled back and has grown since"

    def _find_end(self) -> tuple[int, str]:
        """Find the last commit; give its number and its object's ETag."""
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
        if end == 0:
            self.bucket.confirm()
        self._known = end
        return end, etags[end]

    def _find(self, number: int) -> AnyCommit | None:
        body = self.bucket.find(commit_key(number))
        return self._parse(number, body) if body is not None else None

    def _parse(self, number: int, body: bytes) -> AnyCommit:
        try:
            return self.model.model_validate_json(body)
        except ValidationError as error:
            raise HedgehogError(
                f"Commit {number} in the bucket {self.bucket.name} cannot be read "
                f"({error.error_count()} faults, first: {error.errors()[0]['msg']}); it was "
                "written by a newer Hedgehog or by something else."
            ) from error


def new_log_id() -> str:
    """Make the id that a log's first commit gives it."""
    return uuid4().hex
