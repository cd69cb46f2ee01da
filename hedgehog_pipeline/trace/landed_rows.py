"""Find a source row in the ingestion bucket: its commit, its CSV object, its line."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from functools import partial
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from hedgehog_pipeline.lake.commits import IngestionCommit, IngestionKind, Part, PartKind
from hedgehog_pipeline.lake.csv_reader import read_csv, read_part, read_row
from hedgehog_pipeline.lake.lake import Lake
from hedgehog_pipeline.lake.parts import read_as
from hedgehog_pipeline.model.tables import SourceTable, StarTable

_Texts = Any
"""An array; pyarrow's stubs lack some overloads of its functions."""

_Found = tuple[int, Mapping[str, str | None]]
"""A row number, from 1, and the row."""


@dataclass(frozen=True)
class LandedRow:
    """A source row as it landed, or the tombstone of its key, which has the key column alone.

    Attributes:
        table: the source table.
        key: its primary key.
        commit: number of the ingestion commit.
        kind: the kind of that commit: initial load, increment, delete detection or inbox file.
        captured_at: when the capture began, UTC.
        part: `s3://` address of the CSV object; None where no part of the commit has the row:
            Hedgehog did not write it.
        line: its row number in the object, from 1; None without a part.
        row: the text of each column, None for NULL.
        file: key of the inbox file that it came from; None where it was read from the source.
    """

    table: str
    key: str
    commit: int
    kind: IngestionKind
    captured_at: datetime
    part: str | None = None
    line: int | None = None
    row: Mapping[str, str | None] = field(default_factory=dict[str, str | None])
    file: str | None = None


def find_in_commit(
    lake: Lake, table: SourceTable, key: str, number: int, kind: PartKind = "rows"
) -> LandedRow:
    """Find a row, or the tombstone of its key, in a commit that is known to have it."""
    bucket, commit = lake.ingestion.bucket, lake.ingestion.read(number)
    landed = _without_part(commit, table, key)
    for part in commit.parts_of(f"oltp/{table.name}", kind):
        column = table.key if kind == "rows" else part.columns[0]
        if found := read_as(bucket, part, partial(_find_key, column=column, key=key)):
            line, row = found
            return replace(landed, part=f"s3://{bucket.name}/{part.key}", line=line, row=row)
    return landed


def find_first_mention(
    lake: Lake, source: Mapping[str, SourceTable], star: StarTable, day: date, number: int
) -> LandedRow | None:
    """Find the first valid row in a commit that mentions a day of a date dimension."""
    bucket, commit = lake.ingestion.bucket, lake.ingestion.read(number)
    sources = [column.split(".") for column in star.key.sources]
    for name in star.inputs:
        table, columns = source[name], {column for of, column in sources if of == name}
        for part in commit.parts_of(f"oltp/{name}"):
            find = partial(_find_day, table=table, part=part, columns=columns, day=day)
            if found := read_as(bucket, part, find):
                line, row = found
                landed = _without_part(commit, table, row[table.key] or "")
                return replace(landed, part=f"s3://{bucket.name}/{part.key}", line=line, row=row)
    return None


def _without_part(commit: IngestionCommit, table: SourceTable, key: str) -> LandedRow:
    file = commit.taken.key if commit.taken else None
    return LandedRow(table.name, key, commit.number, commit.kind, commit.captured_at, file=file)


def _texts(body: bytes, column: str) -> _Texts:
    return read_csv(body, {column: pa.string()})[column]


def _find_key(body: bytes, column: str, key: str) -> _Found | None:
    index: int = pc.index(_texts(body, column), pa.scalar(key)).as_py()
    return (index + 1, read_row(body, index + 1)) if index >= 0 else None


def _find_day(
    body: bytes, table: SourceTable, part: Part, columns: set[str], day: date
) -> _Found | None:
    faults = read_part(body, table, part, 0).faults["line"].to_pylist()
    present = columns.intersection(part.columns)
    lines = set[int]().union(*(_lines_on(_texts(body, column), day) for column in present))
    valid = lines.difference(faults)
    return (line := min(valid), read_row(body, line)) if valid else None


def _lines_on(texts: _Texts, day: date) -> set[int]:
    """Return the row numbers, from 1, of timestamps and dates that begin with a day."""
    trimmed = pc.utf8_trim_whitespace(texts)
    hits = pc.indices_nonzero(pc.starts_with(trimmed, day.isoformat()))
    return {index + 1 for index in hits.to_pylist()}
