"""Build commits by hand, and an in-memory bucket for tests that need many."""

import io
import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timezone
from itertools import count
from typing import Any

from botocore.exceptions import ClientError

from hedgehog_pipeline.lake.batch import Batch
from hedgehog_pipeline.lake.bucket import Bucket
from hedgehog_pipeline.lake.commits import IngestionCommit, ProcessedCommit, Watermark
from hedgehog_pipeline.lake.csv_writer import CsvRows
from hedgehog_pipeline.lake.log import CommitLog, commit_key
from hedgehog_pipeline_tests.support.demo_model import SOURCE

DAY = date(2026, 6, 1)
_TIME = datetime(2026, 6, 1, 9, 30, tzinfo=timezone.utc)
_BATCHES = count()


def processed_commit(
    number: int, batch: str, day: date = DAY, previous: str | None = None
) -> ProcessedCommit:
    """Return a commit with only a number, a batch, a day and the batch before it."""
    return ProcessedCommit(
        log="a-log",
        number=number,
        previous=previous,
        batch=batch,
        date=day,
        kind="processed",
        source_log="its-source",
        sources=((number, batch),),
        through=number,
        archive_complete=True,
    )


def land(
    log: CommitLog[IngestionCommit],
    tables: Mapping[str, bytes],
    part_bytes: int = 1_000_000,
    deleted: Mapping[str, Sequence[int]] | None = None,
) -> IngestionCommit:
    """Land rows and tombstones of some tables as one commit.

    Args:
        tables: CSV by table: a header, then one record per line.
        part_bytes: approximate size of a part.
        deleted: deleted keys by table.
    """
    deleted = deleted or {}
    batch = Batch(f"batch-{next(_BATCHES):06}", DAY, log.bucket, "csv")
    for table, text in tables.items():
        lines = text.splitlines(keepends=True)
        columns = tuple(lines[0].decode().strip().split(","))
        CsvRows(batch, columns, lines).write(f"oltp/{table}", part_bytes)
    for table, keys in deleted.items():
        name = SOURCE[table].key
        lines = [f"{line}\n".encode() for line in (name, *keys)]
        CsvRows(batch, (name,), lines, "tombstones").write(f"oltp/{table}", part_bytes)
    commit = log.append(lambda head: _ingestion_commit(head, batch, [*tables, *deleted]))
    assert commit is not None
    return commit


def _ingestion_commit(
    head: IngestionCommit | None, batch: Batch, tables: Iterable[str]
) -> IngestionCommit:
    number = head.number + 1 if head else 1
    watermark = Watermark(snapshot="1:1:", captured_at=_TIME, commit=number, landed=number)
    return IngestionCommit(
        log="a-log",
        number=number,
        previous=head.batch if head else None,
        batch=batch.id,
        date=batch.date,
        parts=tuple(batch.parts),
        kind="increment",
        captured_at=_TIME,
        source="1/1/1",
        base={**(head.base if head else {}), **dict.fromkeys(tables, watermark)},
    )


def put_processed(s3: "MemoryS3", commits: int) -> CommitLog[ProcessedCommit]:
    """Put processed commits, each following the one before, and return their log."""
    for number in range(1, commits + 1):
        previous = f"batch-{number - 1}" if number > 1 else None
        commit = processed_commit(number, f"batch-{number}", previous=previous)
        s3.objects[commit_key(number)] = commit.model_dump_json().encode()
    return CommitLog(s3.bucket(), ProcessedCommit)


def put_other_values(s3: "MemoryS3", number: int, **values: str) -> None:
    """Replace a commit by one that differs in some fields."""
    fields = json.loads(s3.objects[commit_key(number)])
    s3.objects[commit_key(number)] = json.dumps({**fields, **values}).encode()


class MemoryS3:
    """An in-memory S3 client with the calls that a log and its objects need.

    Args:
        objects: what it has from the start.
    """

    def __init__(self, objects: Mapping[str, bytes] | None = None) -> None:
        self.objects = dict(objects or {})
        self.read: list[str] = []
        self.looked_for: list[str] = []
        self.listed: list[str] = []

    def bucket(self) -> Bucket:
        return Bucket(self, "memory")

    def put_object(self, *, Key: str, Body: bytes, **_: Any) -> None:  # noqa: N803 (boto3's names)
        if Key in self.objects:
            raise ClientError({"ResponseMetadata": {"HTTPStatusCode": 412}}, "PutObject")
        self.objects[Key] = Body

    def get_object(self, *, Key: str, **_: Any) -> dict[str, io.BytesIO]:  # noqa: N803
        self.read.append(Key)
        if Key not in self.objects:
            raise ClientError({"Error": {"Code": "NoSuchKey"}}, "GetObject")
        return {"Body": io.BytesIO(self.objects[Key])}

    def head_object(self, *, Key: str, **_: Any) -> dict[str, str]:  # noqa: N803
        self.looked_for.append(Key)
        if Key not in self.objects:
            raise ClientError({"Error": {"Code": "404"}}, "HeadObject")
        return {"ETag": f'"{Key}"'}  # written once

    def get_paginator(self, _: str) -> "MemoryS3":
        return self

    def paginate(self, *, Prefix: str, StartAfter: str, **_: Any) -> list[dict[str, Any]]:  # noqa: N803
        self.listed.append(Prefix)
        keys = sorted(key for key in self.objects if key.startswith(Prefix) and key > StartAfter)
        return [{"Contents": [{"Key": k, "ETag": f'"{k}"', "LastModified": DAY} for k in keys]}]
