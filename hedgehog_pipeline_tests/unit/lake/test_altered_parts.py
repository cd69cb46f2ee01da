"""A missing, cut or altered part is named when it is read, also in an older lake."""

from collections.abc import Callable

import pyarrow as pa
import pytest

from hedgehog_pipeline.errors import HedgehogError
from hedgehog_pipeline.extraction.delete_detection import _known_keys
from hedgehog_pipeline.lake.batch import Batch
from hedgehog_pipeline.lake.commits import Commit, IngestionCommit, Part, PartKind
from hedgehog_pipeline.lake.landed import LandedTable
from hedgehog_pipeline.lake.log import CommitLog, commit_key
from hedgehog_pipeline.lake.parquet_parts import ParquetRows, ProcessedTable
from hedgehog_pipeline.lake.parts import read_as
from hedgehog_pipeline.lake.quarantine_csv import QuarantineEntry, quarantine_csv
from hedgehog_pipeline.model.side_tables import TOMBSTONES_ARROW
from hedgehog_pipeline_tests.support.demo_model import SOURCE, STAR
from hedgehog_pipeline_tests.support.lake_making import DAY, MemoryS3, land, processed_commit

_CURRENCY, _STAMPS = SOURCE["currency"], "2026-06-01 09:30:00,2026-06-01 09:30:00"
_ROWS = "currency_id,currency_code,created_at,last_updated\n" + "".join(
    f"{key},GBP,{_STAMPS}\n" for key in range(100, 110)
)
_ENTRY = QuarantineEntry(
    "currency", "7", "inbox/currency/a.csv", 2, "currency_code", "no", "is not"
)

Read = Callable[[MemoryS3, Commit], object]
"""Reads the one part of a commit."""


def _rows(s3: MemoryS3, commit: Commit) -> object:
    assert isinstance(commit, IngestionCommit)
    return list(LandedTable(_log(s3), _CURRENCY, s3.bucket()).parts_of(commit))


def _tombstones(s3: MemoryS3, commit: Commit) -> object:
    assert isinstance(commit, IngestionCommit)
    return LandedTable(_log(s3), _CURRENCY, s3.bucket()).tombstones_of(commit)


def _entries(s3: MemoryS3, commit: Commit) -> object:
    assert isinstance(commit, IngestionCommit)
    return LandedTable(_log(s3), _CURRENCY, s3.bucket()).entries_of(commit)


def _keys(s3: MemoryS3, commit: Commit) -> object:
    assert isinstance(commit, IngestionCommit)
    return _known_keys(_log(s3), commit, _CURRENCY)


def _star(s3: MemoryS3, commit: Commit) -> object:
    (part,) = commit.parts
    table = ProcessedTable(s3.bucket(), STAR["fact_payment"])
    processed = processed_commit(1, "b").model_copy(update={"parts": commit.parts})
    return list(table.rows_of(processed, part.kind))


def _landed(kind: PartKind, text: str) -> Callable[[MemoryS3], Commit]:
    """Return a function that lands text as a part of a kind; key ranges as the last detection."""

    def write(s3: MemoryS3) -> Commit:
        commit = land(_log(s3), {"currency": _ROWS.encode()})
        batch = Batch("batch", DAY, s3.bucket(), "csv")
        header, *lines = text.splitlines()
        columns = header.split(",")
        batch.write("oltp/currency", kind, text.encode(), rows=len(lines), columns=columns)
        watermarks = {"currency": commit.base["currency"].model_copy(update={"swept": 1})}
        commit = commit.model_copy(update={"parts": tuple(batch.parts), "base": watermarks})
        s3.objects[commit_key(1)] = commit.model_dump_json().encode()
        return commit

    return write


def _processed(s3: MemoryS3) -> Commit:
    batch = Batch("batch", DAY, s3.bucket(), "parquet")
    rows = pa.table([[1, 2, 3], [1, 1, 1]], schema=TOMBSTONES_ARROW)
    ParquetRows(batch, [rows], "tombstones").write("star/fact_payment", 1000)
    return processed_commit(1, "b").model_copy(update={"parts": tuple(batch.parts)})


_KINDS: dict[str, tuple[Callable[[MemoryS3], Commit], Read]] = {
    "rows": (_landed("rows", _ROWS), _rows),
    "tombstones": (_landed("tombstones", "currency_id\n100\n101\n"), _tombstones),
    "quarantine": (_landed("quarantine", b"".join(quarantine_csv([_ENTRY])).decode()), _entries),
    "keys": (_landed("keys", "first,last\n100,104\n106,109\n"), _keys),
    "star": (_processed, _star),
}
_kinds = pytest.mark.parametrize(("write", "read"), _KINDS.values(), ids=_KINDS)


@_kinds
def test_an_unchanged_part_is_read(write: Callable[[MemoryS3], Commit], read: Read) -> None:
    s3 = MemoryS3()
    commit = write(s3)
    assert all(part.sha256 for part in commit.parts)
    assert read(s3, commit)


@_kinds
def test_a_cut_part_is_named(write: Callable[[MemoryS3], Commit], read: Read) -> None:
    s3 = MemoryS3()
    commit = _of_an_older_lake(s3, write(s3))
    (part,) = commit.parts
    s3.objects[part.key] = s3.objects[part.key][:-4]
    words = f"{part.key} in the bucket memory was altered: it has .* bytes, .* says .* Restore it"
    with pytest.raises(HedgehogError, match=words):
        read(s3, commit)


@_kinds
def test_other_bytes_of_the_same_size_are_named(
    write: Callable[[MemoryS3], Commit], read: Read
) -> None:
    s3 = MemoryS3()
    commit = write(s3)
    (part,) = commit.parts
    s3.objects[part.key] = _with_another_byte(s3.objects[part.key])
    with pytest.raises(HedgehogError, match=f"{part.key} .* altered: its SHA-256 is not"):
        read(s3, commit)


@_kinds
def test_missing_rows_are_named_without_a_digest(
    write: Callable[[MemoryS3], Commit], read: Read
) -> None:
    s3 = MemoryS3()
    commit = _of_an_older_lake(s3, write(s3))
    (part,) = commit.parts
    more = _with(s3, commit, part.model_copy(update={"rows": part.rows + 1_000}))
    with pytest.raises(HedgehogError, match=f"altered: it has {part.rows} rows, .* says 1,0"):
        read(s3, more)


@_kinds
def test_a_missing_part_is_named(write: Callable[[MemoryS3], Commit], read: Read) -> None:
    s3 = MemoryS3()
    commit = write(s3)
    (part,) = commit.parts
    del s3.objects[part.key]
    with pytest.raises(HedgehogError, match=f"{part.key} is missing from the bucket memory"):
        read(s3, commit)


def test_quarantined_rows_count_as_rows_of_their_part() -> None:
    s3 = MemoryS3()
    text = _ROWS.replace("103,GBP", "103,").replace("104,GBP,2026", "104,,soon")
    commit = _of_an_older_lake(s3, land(_log(s3), {"currency": text.encode()}))
    assert isinstance(commit, IngestionCommit)
    (part,) = LandedTable(_log(s3), _CURRENCY, s3.bucket()).parts_of(commit)
    assert (part.rows.num_rows, part.faults.num_rows) == (8, 3)


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("rows", b"currency_id", b"kurrency_id"),
        ("rows", b"currency_id", bytes(11)),
        ("tombstones", b"100", b"1x0"),
        ("tombstones", b"100", bytes(3)),
        ("tombstones", b"currency_id", b"kurrency_id"),
        ("quarantine", b"table_name", b"cable_name"),
        ("quarantine", b"table_name", bytes(10)),
        ("quarantine", b",2,", b",x,"),
        ("keys", b"100", b"1x0"),
        ("keys", b"100", bytes(3)),
        ("keys", b"100,104", b",100104"),
        ("star", b"PAR1", b"PAR2"),
    ],
)
def test_a_part_that_cannot_be_parsed_is_named_without_a_digest(
    name: str, old: bytes, new: bytes
) -> None:
    write, read = _KINDS[name]
    s3 = MemoryS3()
    commit = _of_an_older_lake(s3, write(s3))
    (part,) = commit.parts
    assert old in s3.objects[part.key]
    s3.objects[part.key] = new.join(s3.objects[part.key].rsplit(old, 1))
    with pytest.raises(HedgehogError, match=f"{part.key} in the bucket memory was altered: it c"):
        read(s3, commit)


def test_a_damaged_parquet_page_is_named_without_a_digest() -> None:
    s3 = MemoryS3()
    commit = _of_an_older_lake(s3, _processed(s3))
    (part,) = commit.parts
    body = s3.objects[part.key]
    s3.objects[part.key] = body[:4] + bytes(60) + body[64:]
    with pytest.raises(HedgehogError, match=f"{part.key} .* was altered: it cannot be read"):
        _star(s3, commit)


def test_a_parse_error_in_an_unchanged_part_is_not_called_an_alteration() -> None:
    s3 = MemoryS3()
    (part,) = _processed(s3).parts
    with pytest.raises(pa.ArrowInvalid, match="no such thing"):
        read_as(s3.bucket(), part, _refuse)


def _refuse(_body: bytes) -> None:
    raise pa.ArrowInvalid("no such thing")


def _log(s3: MemoryS3) -> CommitLog[IngestionCommit]:
    return CommitLog(s3.bucket(), IngestionCommit)


def _of_an_older_lake(s3: MemoryS3, commit: Commit) -> Commit:
    """Remove the digest, which older commits lack."""
    (part,) = commit.parts
    return _with(s3, commit, Part.model_validate(part.model_dump(exclude={"sha256"})))


def _with(s3: MemoryS3, commit: Commit, part: Part) -> Commit:
    commit = commit.model_copy(update={"parts": (part,)})
    s3.objects[commit_key(1)] = commit.model_dump_json().encode()
    return commit


def _with_another_byte(body: bytes) -> bytes:
    """Change a byte near the middle, if possible a digit, so that it can still be read."""
    middle = len(body) // 2
    place = next((n for n in range(middle, len(body)) if body[n : n + 1].isdigit()), middle)
    return body[:place] + (b"7" if body[place : place + 1] != b"7" else b"8") + body[place + 1 :]
