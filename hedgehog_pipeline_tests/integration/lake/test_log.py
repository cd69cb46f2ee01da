"""The commit log: numbers without gaps, each used once, with any number of writers."""

import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import date
from typing import Any

import boto3
import pytest

from hedgehog_pipeline.errors import HedgehogError, LakeMismatchError
from hedgehog_pipeline.lake.bucket import Bucket
from hedgehog_pipeline.lake.commits import ProcessedCommit
from hedgehog_pipeline.lake.log import CommitLog, CommitRef, commit_key
from hedgehog_pipeline_tests.support.lake_making import (
    DAY,
    MemoryS3,
    processed_commit,
    put_other_values,
    put_processed,
)

Log = CommitLog[ProcessedCommit]

_LISTING = "a listing"


@pytest.fixture
def log(bucket: Bucket) -> Log:
    """An empty log."""
    return CommitLog(bucket, ProcessedCommit)


def _next(batch: str, day: date = DAY) -> Callable[[ProcessedCommit | None], ProcessedCommit]:
    def build(head: ProcessedCommit | None) -> ProcessedCommit:
        number, previous = (head.number + 1, head.batch) if head else (1, None)
        return processed_commit(number, batch, day, previous)

    return build


def _reopened(log: Log) -> Log:
    """Return the same log without anything cached."""
    return CommitLog(log.bucket, log.model)


def test_the_end_is_found_wherever_it_is(log: Log) -> None:
    for number in range(41):
        head = log.head()
        assert log.end() == _reopened(log).end() == number
        assert (head.number if head else 0) == number
        log.bucket.create(commit_key(number + 1), _body(number + 1))


def test_the_end_of_a_log_without_its_last_commits_is_found(log: Log) -> None:
    for batch in "abcdef":
        log.append(_next(batch))
    assert log.end() == 6
    for number in (6, 5, 4):
        _delete(log, number)
    assert log.end() == 3


def test_the_search_for_the_end_starts_at_the_last_known_commit(log: Log) -> None:
    for number in range(1, 42):
        log.bucket.create(commit_key(number), _body(number))
    known = [commit_key(number) for number in (41, 42)]
    with _requests(log) as keys:
        assert _reopened(log).end() == 41
        assert not set(known) >= set(keys)
    confirmed = _reopened(log)
    confirmed.confirm(CommitRef("a-log", 41, "batch-41"), "The warehouse", "start over.")
    with _requests(log) as keys:
        assert confirmed.end() == confirmed.end() == 41
    assert keys == [_LISTING, *known]


def test_threads_may_share_a_log_that_grows_during_the_search_for_its_end() -> None:
    s3 = MemoryS3()
    log = CommitLog(s3.bucket(), ProcessedCommit)
    log.append(_next("first"))
    assert log.end() == 1
    head_object = s3.head_object

    def append_meanwhile(**request: str) -> dict[str, str]:
        s3.head_object = head_object
        log.append(_next("second"))
        assert log.end() == 2
        return head_object(**request)

    s3.head_object = append_meanwhile
    assert log.head() == processed_commit(2, "second", previous="first")


def test_the_head_is_read_again_if_its_object_was_replaced(log: Log) -> None:
    log.append(_next("ours"))
    assert log.head() is log.head()
    _delete(log, 1)
    _reopened(log).append(_next("theirs"))
    assert log.head() == processed_commit(1, "theirs")


def test_a_missing_commit_is_not_skipped(log: Log) -> None:
    for batch in "abc":
        log.append(_next(batch))
    assert log.end() == 3
    _delete(log, 2)
    with pytest.raises(HedgehogError, match=f"{commit_key(2)} is missing"):
        list(log.after(0))


@pytest.mark.parametrize("missing", [1, 2, 3, 8, 11])
def test_a_missing_commit_is_named_when_the_log_is_read_or_confirmed(log: Log, missing: int):
    _twelve_without(log, missing)
    words = f"{commit_key(missing)}\\b.* is missing from the bucket {log.bucket.name}"
    for look in (lambda: list(_reopened(log).after(0)), _reopened(log).confirm_latest):
        with pytest.raises(HedgehogError, match=words):
            look()


@pytest.mark.parametrize("missing", range(1, 12))
def test_no_commit_is_appended_below_another_or_after_a_gap(missing: int) -> None:
    s3 = MemoryS3()
    log = put_processed(s3, 12)
    del s3.objects[commit_key(missing)]
    words = f"{commit_key(missing)} is missing .* although commit .* exists"
    with pytest.raises(LakeMismatchError, match=words):
        log.append(_next("new"))
    known = _reopened(log)
    known.confirm(CommitRef("a-log", 12, "batch-12"), "The warehouse", "start over.")
    with pytest.raises(LakeMismatchError, match=words):
        known.append(_next("new"))
    assert len(s3.objects) == 11


@pytest.mark.parametrize(("missing", "latest"), [(5, False), (6, True)])
def test_the_last_thousand_commits_are_always_checked_and_all_on_request(
    missing: int, *, latest: bool
) -> None:
    s3 = MemoryS3()
    log = put_processed(s3, 1_005)
    del s3.objects[commit_key(missing)]
    with pytest.raises(LakeMismatchError, match=f"{commit_key(missing)} is missing"):
        log.confirm_whole()
    for look in (log.end, log.confirm_latest):
        if latest:
            with pytest.raises(LakeMismatchError, match=f"{commit_key(missing)} is missing"):
                look()
        else:
            look()


def test_a_gap_is_reported_until_the_commit_is_restored() -> None:
    s3 = MemoryS3()
    log = put_processed(s3, 5)
    assert log.end() == 5
    body = s3.objects.pop(commit_key(3))
    assert log.end() == 5
    for look in (log.confirm_latest, log.end, log.head):
        with pytest.raises(LakeMismatchError, match=f"{commit_key(3)} is missing"):
            look()
    s3.objects[commit_key(3)] = body
    assert log.end() == 5


def test_commits_beyond_a_known_end_are_found_before_a_commit_is_appended(log: Log) -> None:
    for batch in "ab":
        log.append(_next(batch))
    assert log.end() == 2
    for number in (3, 4):
        log.bucket.create(commit_key(number), _body(number))
    _delete(log, 3)
    with pytest.raises(
        HedgehogError, match=f"{commit_key(3)} is missing .* although commit 4 exists"
    ):
        log.append(_next("c"))


def test_a_commit_that_is_appended_during_the_search_for_the_end_is_not_a_gap() -> None:
    s3 = MemoryS3()
    log = CommitLog(s3.bucket(), ProcessedCommit)
    log.append(_next("a"))
    paginate = s3.paginate

    def append_first(**request: str) -> list[dict[str, Any]]:
        s3.paginate = paginate
        for batch in "bc":
            _reopened(log).append(_next(batch))
        return paginate(**request)

    s3.paginate = append_first
    assert _reopened(log).end() == 3


def test_an_object_that_is_not_a_commit_does_not_indicate_a_gap(log: Log) -> None:
    log.append(_next("a"))
    for key in ("commits/", "commits/7.json", "commits/read me.txt", f"{commit_key(9)}.bak"):
        log.bucket.create(key, b"")
    assert _reopened(log).end() == 1


def test_swapped_commits_are_named(log: Log) -> None:
    for batch in "abcd":
        log.append(_next(batch))
    bodies = {number: log.bucket.read(commit_key(number)) for number in (2, 3)}
    for number, body in ((2, bodies[3]), (3, bodies[2])):
        _put(log, number, body)
    with pytest.raises(HedgehogError, match=f"{commit_key(2)} .* contains commit 3: .* exchanged"):
        list(log.after(0))


@pytest.mark.parametrize("after", [0, 1, 2])
def test_a_commit_of_another_log_is_named(log: Log, after: int) -> None:
    for batch in "abcd":
        log.append(_next(batch))
    _put(log, 2, processed_commit(2, "z", previous="a").model_dump_json().encode())
    with pytest.raises(HedgehogError, match=r"Commit 3 .* follows batch b, but .* before it is z"):
        list(log.after(after))
    assert [commit.batch for commit in log.after(3)] == ["d"]


def test_a_commit_of_another_log_is_named_without_reading_the_one_before_it() -> None:
    s3 = MemoryS3()
    log = put_processed(s3, 4)
    put_other_values(s3, 2, log="z-log")
    assert log.read(3).batch == "batch-3"
    words = f"{commit_key(2)} in the bucket memory is a commit of the log z-log.* is a-log"
    with pytest.raises(LakeMismatchError, match=words):
        log.read(2)


def test_nothing_is_appended_after_a_last_commit_of_another_log() -> None:
    s3 = MemoryS3()
    log = put_processed(s3, 4)
    put_other_values(s3, 4, log="z-log", previous="z")
    with pytest.raises(LakeMismatchError, match=r"Commit 4 .* follows batch z, but .* is batch-3"):
        log.append(_next("new"))
    assert len(s3.objects) == 4


def test_a_new_log_in_the_bucket_is_read_by_a_process_that_knew_the_old_one() -> None:
    s3 = MemoryS3()
    log = put_processed(s3, 4)
    assert log.head() is not None
    for number in (4, 3):
        del s3.objects[commit_key(number)]
    for number in (1, 2):
        put_other_values(s3, number, log="z-log")
    assert log.read(1).log == "z-log"
    assert log.read(2).log == "z-log"


def test_the_commits_of_a_day_must_follow_each_other() -> None:
    s3 = MemoryS3()
    log = put_processed(s3, 4)
    put_other_values(s3, 2, batch="z")
    with pytest.raises(LakeMismatchError, match=r"Commit 3 .* follows batch batch-2, but .* is z"):
        log.of_day(DAY)


def test_commits_after_gaps_in_their_numbers_are_read_once() -> None:
    s3 = MemoryS3()
    log = put_processed(s3, 9)
    scattered = [3, 5, 7, 9]
    assert [commit.number for commit in log.linked(map(log.read, scattered))] == scattered
    assert sorted(s3.read) == [commit_key(number) for number in (2, *scattered)]


def test_a_log_without_its_beginning_is_named(log: Log) -> None:
    log.bucket.create(commit_key(1), _body(2).replace(b'"number":2', b'"number":1'))
    with pytest.raises(HedgehogError, match=r"Commit 1 .* follows batch batch-1, but .* \(none\)"):
        list(log.after(0))


def test_checking_an_unchanged_log_lists_nothing(log: Log) -> None:
    log.append(_next("a"))
    assert log.end() == 1
    with _requests(log) as keys:
        assert log.end() == 1
        assert log.head() is log.head()
    assert _LISTING not in keys


def test_a_commit_is_built_again_if_another_writer_was_first(log: Log) -> None:
    heads: list[int] = []

    def build(head: ProcessedCommit | None) -> ProcessedCommit:
        heads.append(head.number if head else 0)
        if len(heads) < 3:
            _reopened(log).append(_next(f"theirs-{len(heads)}"))
        return _next("ours")(head)

    appended = log.append(build)
    assert heads == [0, 1, 2]
    assert appended == processed_commit(3, "ours", previous="theirs-2")
    assert [commit.batch for commit in log.after(0)] == ["theirs-1", "theirs-2", "ours"]


def test_a_batch_may_be_discarded_if_another_writer_was_first(log: Log) -> None:
    log.append(_next("theirs"))
    assert log.append(lambda head: None if head else processed_commit(1, "ours")) is None
    assert log.end() == 1


def test_many_writers_at_once_leave_no_gap_and_lose_no_batch(log: Log) -> None:
    with ThreadPoolExecutor(6) as writers:
        batches = [f"batch-{n}" for n in range(18)]
        list(writers.map(lambda batch: _reopened(log).append(_next(batch)), batches))
    commits = list(log.after(0))
    assert [commit.number for commit in commits] == list(range(1, 19))
    assert sorted(commit.batch for commit in commits) == sorted(batches)


def test_a_commit_whose_response_was_lost_counts_once(log: Log) -> None:
    client = boto3.client("s3")
    sent: list[Any] = []

    def lose_the_first_response(response: Any, **_: Any) -> float | None:
        sent.append(response)
        return 0.0 if len(sent) == 1 else None  # botocore sends again after so many seconds

    client.meta.events.register_first("needs-retry.s3.PutObject", lose_the_first_response)
    ours = CommitLog(Bucket(client, log.bucket.name), ProcessedCommit)
    assert ours.append(_next("ours")) == processed_commit(1, "ours")
    assert [response[0].status_code for response in sent] == [200, 412]
    assert log.end() == 1


def test_only_later_commits_are_read(log: Log) -> None:
    for batch in "abcde":
        log.append(_next(batch))
    _delete(log, 1)
    assert [commit.batch for commit in log.after(3)] == ["d", "e"]
    assert list(log.after(5)) == []


def test_the_commits_of_a_day_are_found(log: Log) -> None:
    days = [date(2026, 6, day) for day in (1, 1, 3, 3, 3, 7)]
    for number, day in enumerate(days, start=1):
        log.append(_next(f"batch-{number}", day))
    for day in range(9):
        wanted = [n for n, each in enumerate(days, start=1) if each == date(2026, 6, day + 1)]
        assert [c.number for c in log.of_day(date(2026, 6, day + 1))] == wanted
    assert _reopened(log).of_day(date(2026, 5, 31)) == []


def test_a_day_is_found_without_reading_all_later_commits(log: Log) -> None:
    for day in range(1, 13):
        log.append(_next(f"batch-{day}", date(2026, 6, day)))
    with _requests(log) as keys:
        assert [commit.number for commit in log.of_day(date(2026, 6, 1))] == [1]
    assert commit_key(5) not in keys


def test_the_batch_of_a_commit_is_returned(log: Log) -> None:
    log.append(_next("a"))
    assert [log.batch_of(1), log.batch_of(2)] == ["a", None]


@pytest.mark.parametrize(
    ("known", "happened"),
    [
        (
            CommitRef("a-log", 2, "z"),
            "its batch is b now: the bucket was rolled back and has grown",
        ),
        (
            CommitRef("a-log", 3, "c"),
            "there is no such commit now: the bucket was rolled back to commit 2",
        ),
        (CommitRef("z-log", 2, "z"), "its batch is b now: the bucket is another lake's"),
        (CommitRef("z-log", 3, "z"), "there is no such commit now: the bucket is another lake's"),
    ],
)
def test_a_log_that_was_rolled_back_or_swapped_is_refused(
    log: Log, known: CommitRef, happened: str
) -> None:
    for batch in "ab":
        log.append(_next(batch))
    log.confirm(CommitRef("a-log", 2, "b"), "The warehouse", "start over.")
    words = rf"The warehouse refers to commit {known.number} \(batch {known.batch}\).*{happened}"
    with pytest.raises(HedgehogError, match=f"{words}.*If they are lost, start over"):
        log.confirm(known, "The warehouse", "start over.")


def test_a_log_that_was_emptied_is_refused(log: Log) -> None:
    with pytest.raises(HedgehogError, match="no such commit now: the bucket was emptied"):
        log.confirm(CommitRef("a-log", 1, "a"), "The warehouse", "start over.")


def test_a_missing_bucket_is_not_an_empty_log(log: Log) -> None:
    with pytest.raises(HedgehogError, match="There is no bucket nowhere"):
        CommitLog(Bucket(log.bucket.client, "nowhere"), ProcessedCommit).end()


def test_a_commit_that_cannot_be_read_is_named_by_its_number(log: Log) -> None:
    log.bucket.create(commit_key(1), b'{"format": 2}')
    with pytest.raises(HedgehogError, match=f"Commit 1 in the bucket {log.bucket.name}"):
        log.head()


@pytest.mark.parametrize(
    "body",
    [
        b"",
        processed_commit(1, "a").model_dump_json().encode()[:-9],
        b"[1, 2]",
        b'{"format": 1, "log": "a-log", "number": 1, "kind": "increment"}',
        bytes(300),
    ],
    ids=["emptied", "cut", "another JSON", "the other bucket's", "zeros"],
)
def test_a_cut_or_altered_commit_is_not_taken_for_a_newer_format(body: bytes) -> None:
    s3 = MemoryS3()
    s3.objects[commit_key(1)] = body
    words = f"{commit_key(1)} is not one of its commits, it was cut or altered. Restore it"
    with pytest.raises(LakeMismatchError, match=words):
        CommitLog(s3.bucket(), ProcessedCommit).head()


def test_a_commit_of_a_newer_format_is_not_damage() -> None:
    s3 = MemoryS3()
    log = put_processed(s3, 1)
    fields = json.loads(s3.objects[commit_key(1)])
    s3.objects[commit_key(1)] = json.dumps({**fields, "format": 3}).encode()
    with pytest.raises(HedgehogError, match="written by a newer Hedgehog") as newer:
        log.head()
    assert not isinstance(newer.value, LakeMismatchError)


@pytest.mark.parametrize(("is_known", "beyond"), [(True, 5), (False, 4)])
def test_a_known_commit_that_is_missing_below_others_has_to_be_restored(
    beyond: int, *, is_known: bool
) -> None:
    s3 = MemoryS3()
    log = put_processed(s3, 5)
    if is_known:
        log.end()
    del s3.objects[commit_key(3)]
    words = f"{commit_key(3)} is missing .* although commit {beyond} exists. Restore it"
    with pytest.raises(LakeMismatchError, match=words):
        log.confirm(CommitRef("a-log", 3, "batch-3"), "The warehouse", "start over.")


@contextmanager
def _requests(log: Log) -> Iterator[list[str]]:
    """Collect the keys of the objects that a log requests, and its listings."""
    keys: list[str] = []
    events = log.bucket.client.meta.events
    record = lambda params, **_: keys.append(params.get("Key", _LISTING))  # noqa: E731
    events.register("provide-client-params.s3", record)
    yield keys
    events.unregister("provide-client-params.s3", record)


def _body(number: int) -> bytes:
    previous = f"batch-{number - 1}" if number > 1 else None
    commit = processed_commit(number, f"batch-{number}", previous=previous)
    return commit.model_dump_json().encode()


def _twelve_without(log: Log, missing: int) -> None:
    """Write twelve commits except one."""
    for number in {*range(1, 13)} - {missing}:
        log.bucket.create(commit_key(number), _body(number))


def _put(log: Log, number: int, body: bytes) -> None:
    log.bucket.client.put_object(Bucket=log.bucket.name, Key=commit_key(number), Body=body)


def _delete(log: Log, number: int) -> None:
    log.bucket.client.delete_object(Bucket=log.bucket.name, Key=commit_key(number))
