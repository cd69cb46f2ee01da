"""The commit log of a bucket: objects numbered without gaps, each created once."""

from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date
from json import loads
from typing import Any, Generic, NamedTuple, get_args
from uuid import uuid4

from pydantic import ValidationError

from hedgehog_pipeline.errors import HedgehogError, LakeMismatchError
from hedgehog_pipeline.lake.bucket import RESTORE, Bucket
from hedgehog_pipeline.lake.commits import AnyCommit

_PREFIX = "commits/"

_LATEST = 1000
"""How many commits one listing returns."""


def commit_key(number: int) -> str:
    """Return the key of a commit; with twenty digits keys sort like numbers."""
    return f"{_PREFIX}{number:020d}.json"


class CommitRef(NamedTuple):
    """A reference to a commit that a reader of a log remembers, to recognise the log later.

    Attributes:
        log: id of the log.
        number: number in the log.
        batch: id of its batch.
    """

    log: str
    number: int
    batch: str


@dataclass(eq=False)
class CommitLog(Generic[AnyCommit]):
    """The log of a bucket, with commits of one model; threads may share it."""

    bucket: Bucket
    model: type[AnyCommit]
    _known: int = field(default=0, init=False, repr=False)
    _whole: int = field(default=0, init=False, repr=False)
    _last_read: tuple[str, AnyCommit] | None = field(default=None, init=False, repr=False)
    _log: str | None = field(default=None, init=False, repr=False)

    def end(self) -> int:
        """Find the number of the last commit, 0 for an empty log.

        Numbers are dense, so the end is found by doubling and bisecting, from the last known commit
        if it still exists. One listing makes sure that no commit exists beyond it and, the first
        time, that none of the last thousand commits is missing. Where a listing is due anyway, it
        finds the end itself.

        Raises:
            LakeMismatchError: if a commit is missing and later ones exist.
        """
        return self._find_end()[0]

    def head(self) -> AnyCommit | None:
        """Read the last commit, None for an empty log; cached by its ETag.

        Raises:
            LakeMismatchError: if a commit is missing, or the last one does not follow the one
                before it.
        """
        end, etag = self._find_end()
        if not end:
            return None
        last = self._last_read
        if last is None or last[0] != etag:
            (commit,) = self.linked([self._read_existing(end)])
            last = self._last_read = etag, commit
            self._log = commit.log
        return last[1]

    def read(self, number: int) -> AnyCommit:
        """Read a commit.

        Raises:
            LakeMismatchError: if it is missing or belongs to another log.
            HedgehogError: if it cannot be read.
        """
        commit = self._read_existing(number)
        if self._log is None:
            self._log = commit.log
        if commit.log != self._log:  # a new log in the bucket: its last commit decides
            head = self.head()
            if head is None or commit.log != head.log:
                raise LakeMismatchError(
                    f"The object {commit_key(number)} in the bucket {self.bucket.name} is a "
                    f"commit of the log {commit.log}, but the bucket's log is "
                    f"{head.log if head else 'empty'}: the commit belongs to another log. {RESTORE}"
                )
            self._log = commit.log
        return commit

    def after(self, number: int) -> Iterator[AnyCommit]:
        """Read the commits after a number, in order; no earlier commit is read but one.

        Raises:
            HedgehogError: if one is missing, cannot be read, or does not follow the one before it.
        """
        yield from self.linked(map(self.read, range(number + 1, self.end() + 1)))

    def linked(self, commits: Iterable[AnyCommit]) -> Iterator[AnyCommit]:
        """Yield commits of this log, each after checking that it follows the one before it.

        The commit before the first is read for the check. After a gap in the numbers there is none.

        Raises:
            LakeMismatchError: if one does not: it or the one before it belongs to another log.
        """
        before: AnyCommit | None = None
        for commit in commits:
            number = commit.number - 1
            is_first = before is None
            if is_first and number:
                before = self._read_existing(number)
            batch = before.batch if before else None
            if commit.previous != batch and (is_first or (before and before.number == number)):
                raise LakeMismatchError(
                    f"Commit {commit.number} in the bucket {self.bucket.name} follows batch "
                    f"{commit.previous or '(none)'}, but the batch before it is "
                    f"{batch or '(none)'}: one of the two belongs to another log. {RESTORE}"
                )
            yield commit
            before = commit

    def confirm_latest(self) -> None:
        """Check that none of the last thousand commits is missing, at the cost of one listing.

        Raises:
            LakeMismatchError: if one is; `end` and `head` raise it as well until it is restored.
        """
        self._whole = 0
        self.end()

    def confirm_whole(self) -> None:
        """Check that no commit is missing, at the cost of one listing for each thousand.

        Raises:
            LakeMismatchError: if one is.
        """
        self._last_listed(0)

    def of_day(self, day: date) -> list[AnyCommit]:
        """Read the commits of a day; the log's dates must never decrease."""
        numbers = range(1, self.end() + 1)
        first = bisect_left(numbers, day, key=lambda n: self.read(n).date) + 1
        found: list[AnyCommit] = []
        for number in numbers[first - 1 :]:
            commit = self.read(number)
            if commit.date != day:
                break
            found.append(commit)
        return list(self.linked(found))

    def confirm(self, known: CommitRef, by: str, remedy: str) -> None:
        """Check that a commit that was read from this log before is still there unchanged.

        Args:
            known: the commit as it was read before.
            by: who read it, for the error message.
            remedy: what to do if the bucket cannot be restored; ends a sentence of the message.

        Raises:
            LakeMismatchError: if it is missing or another one: the bucket was emptied, swapped or
                rolled back, or the commit was deleted.
        """
        found = self._find(known.number)
        if found is None and (end := self.end()) > known.number:
            raise self._missing(known.number, f"although commit {end} exists")
        if found is None or found.batch != known.batch:
            now = f"its batch is {found.batch} now" if found else "there is no such commit now"
            raise LakeMismatchError(
                f"{by} refers to commit {known.number} (batch {known.batch}) of the bucket "
                f"{self.bucket.name}, but {now}: {self._what_happened(known, found)}. "
                "Name the right bucket, or restore its objects and delete what was written since. "
                f"If they are lost, {remedy} See docs/operations.md."
            )
        self._known = max(self._known, known.number)
        self._log = found.log

    def batch_of(self, number: int) -> str | None:
        """Return the batch id of a commit, None if there is no such commit."""
        found = self._find(number)
        return found.batch if found else None

    def append(self, build: Callable[[AnyCommit | None], AnyCommit | None]) -> AnyCommit | None:
        """Append the commit that `build` makes from the head of the log, and return it.

        `build` is called again with the new head whenever another writer was first; it returns None
        to discard its batch. If the new commit has our own batch, an earlier attempt succeeded and
        only its response was lost.
        """
        while True:
            # List again, so that no commit is written below one that exists beyond the end.
            self._whole = max(self._whole - 1, 0)
            commit = build(self.head())
            if commit is None:
                return None
            body = commit.model_dump_json(indent=1).encode()
            if self.bucket.create(commit_key(commit.number), body):
                self._known = self._whole = commit.number
                return commit
            if self.batch_of(commit.number) == commit.batch:
                return commit

    def _what_happened(self, known: CommitRef, found: AnyCommit | None) -> str:
        last = found or self.head()
        if last is None:
            return "the bucket was emptied"
        if last.log != known.log:
            return "the bucket is another lake's, or was emptied and started again"
        if found is None:
            return f"the bucket was rolled back to commit {last.number}"
        return "the bucket was rolled back and has grown since"

    def _find_end(self) -> tuple[int, str]:
        """Find the last commit, with none beyond it; return its number and ETag."""
        if (known := self._known) > self._whole:
            number, etag = self._last_listed(max(self._whole, known - _LATEST))
            if number >= known:
                self._known = self._whole = number
                return number, etag
        while True:
            end, etag = self._look_for_end()
            if end and end == self._whole:
                return end, etag
            whole = self._whole if self._whole <= end else 0
            if self._last_listed(max(whole, end - _LATEST))[0] <= end:
                self._whole = end
                return end, etag
            # Another writer has just appended.

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

    def _last_listed(self, number: int) -> tuple[int, str]:
        """List the commits after a number; return the last one's number and ETag.

        Raises:
            LakeMismatchError: if one is missing.
        """
        etag = ""
        for found, found_etag in self._listed_after(number):
            for between in range(number + 1, found):
                self._confirm_exists(between, found)
            number, etag = found, found_etag
        return number, etag

    def _listed_after(self, number: int) -> Iterator[tuple[int, str]]:
        """List numbers and ETags of the commits after a number, also those after a gap."""
        for found in self.bucket.objects(_PREFIX, after=commit_key(number)):
            digits = found.key.removeprefix(_PREFIX).removesuffix(".json")
            if digits.isdecimal() and found.key == commit_key(int(digits)):
                yield int(digits), found.etag

    def _confirm_exists(self, number: int, beyond: int) -> None:
        """Check that a commit exists, because a later one does."""
        if self.bucket.etag_of(commit_key(number)) is None:
            raise self._missing(number, f"although commit {beyond} exists")

    def _missing(self, number: int, why: str) -> LakeMismatchError:
        return LakeMismatchError(
            f"The object {commit_key(number)} is missing from the bucket {self.bucket.name}, "
            f"{why}. {RESTORE}"
        )

    def _read_existing(self, number: int) -> AnyCommit:
        found = self._find(number)
        if found is None:
            raise self._missing(number, "although the log refers to it")
        return found

    def _find(self, number: int) -> AnyCommit | None:
        body = self.bucket.find(commit_key(number))
        return self._parse(number, body) if body is not None else None

    def _parse(self, number: int, body: bytes) -> AnyCommit:
        try:
            commit = self.model.model_validate_json(body)
        except ValidationError as error:
            where = f"Commit {number} in the bucket {self.bucket.name} cannot be read"
            if self._has_newer_format(body):
                raise HedgehogError(
                    f"{where} ({error.error_count()} errors, first: {error.errors()[0]['msg']}); "
                    "it was written by a newer Hedgehog: use that version or a later one."
                ) from error
            raise LakeMismatchError(
                f"{where}: the object {commit_key(number)} is not one of its commits, it was cut "
                f"or altered. {RESTORE}"
            ) from error
        if commit.number != number:
            raise LakeMismatchError(
                f"The object {commit_key(number)} in the bucket {self.bucket.name} contains commit "
                f"{commit.number}: commits were exchanged. {RESTORE}"
            )
        return commit

    def _has_newer_format(self, body: bytes) -> bool:
        try:
            data: Any = loads(body)
        except ValueError:
            return False
        known = get_args(self.model.model_fields["format"].annotation)
        return isinstance(data, dict) and data.get("format", known[0]) not in known


def new_log_id() -> str:
    """Return a new id for a log; its first commit sets it."""
    return uuid4().hex
