"""Find a source row in the ingestion bucket: its commit, its CSV object, its line."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from functools import partial
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from hedgehog_pipeline.lake.commits import IngestionCommit, IngestionKind, Part, PartKind
from hedgehog_pipeline.lake.csv_reader import read_csv, read_part, read_row
from hedgehog_pipeline.lake.lake import Lake
from hedgehog_pipeline.lake.landed import History
from hedgehog_pipeline.lake.parts import Read, read_as
from hedgehog_pipeline.model.tables import INGESTION_COMMIT, SourceTable, StarTable

_Texts = Any
"""An array; pyarrow's stubs lack some overloads of its functions."""

_Row = Mapping[str, str | None]


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


@dataclass(frozen=True)
class LastLandedRows:
    """The last landed row of a key, and its deletion.

    Attributes:
        row: the last valid row; None where there is none.
        tombstone: the tombstone; None where there is none, or the row landed later.
    """

    row: LandedRow | None
    tombstone: LandedRow | None


@dataclass(frozen=True)
class LandedRows:
    """Finds rows in the ingestion bucket; commits and histories are cached.

    Attributes:
        lake: the two logs.
        source: the declared source tables.
    """

    lake: Lake
    source: Mapping[str, SourceTable]
    _commits: dict[int, IngestionCommit] = field(default_factory=dict[int, IngestionCommit])
    _histories: dict[tuple[str, str, int], History] = field(
        default_factory=dict[tuple[str, str, int], History]
    )

    def in_commit(
        self, table: SourceTable, key: str, number: int, kind: PartKind = "rows"
    ) -> LandedRow:
        """Find a row, or the tombstone of its key, in a commit that is known to have it."""
        commit = self._commit(number)
        for part in commit.parts_of(f"oltp/{table.name}", kind):
            column = table.key if kind == "rows" else part.columns[0]
            if found := self._read_as(part, partial(_row_of, column=column, key=key)):
                return self._with_part(_without_part(commit, table, key), part, *found)
        return _without_part(commit, table, key)

    def as_of(self, table: SourceTable, key: str, number: int) -> LastLandedRows:
        """Find the last valid row of a key, up to and including a commit."""
        history = self.history(table, key, number)
        seen = _last_commit(history.versions, table.key, key)
        deleted = _last_commit(history.tombstones, "key", key)
        return LastLandedRows(
            self.in_commit(table, key, seen) if seen else None,
            self.in_commit(table, key, deleted, "tombstones") if deleted > seen else None,
        )

    def history(self, table: SourceTable, key: str, number: int) -> History:
        """Read the last landed versions of a key, up to and including a commit."""
        query = table.name, key, number
        if query not in self._histories:
            self._histories[query] = self.lake.landed(table).newest_of(number, [int(key)])
        return self._histories[query]

    def first_mention(self, star: StarTable, day: date, number: int) -> LandedRow | None:
        """Find the first row in a commit that mentions a day of a date dimension.

        Only valid rows count.
        """
        commit = self._commit(number)
        sources = [source.split(".") for source in star.key.sources]
        for name in star.inputs:
            table, columns = self.source[name], [column for of, column in sources if of == name]
            for part in commit.parts_of(f"oltp/{name}"):
                present = [column for column in columns if column in part.columns]
                first = partial(_first_on, table=table, part=part, columns=present, day=day)
                if found := self._read_as(part, first):
                    _, row = found
                    landed = _without_part(commit, table, row[table.key] or "")
                    return self._with_part(landed, part, *found)
        return None

    def _commit(self, number: int) -> IngestionCommit:
        if number not in self._commits:
            self._commits[number] = self.lake.ingestion.read(number)
        return self._commits[number]

    def _read_as(self, part: Part, parse: Callable[[bytes], Read]) -> Read:
        return read_as(self.lake.ingestion.bucket, part, parse)

    def _with_part(self, landed: LandedRow, part: Part, line: int, row: _Row) -> LandedRow:
        address = f"s3://{self.lake.ingestion.bucket.name}/{part.key}"
        return replace(landed, part=address, line=line, row=row)


def _without_part(commit: IngestionCommit, table: SourceTable, key: str) -> LandedRow:
    file = commit.taken.key if commit.taken else None
    return LandedRow(table.name, key, commit.number, commit.kind, commit.captured_at, file=file)


def _texts(body: bytes, column: str) -> _Texts:
    return read_csv(body, {column: pa.string()})[column]


def _row_of(body: bytes, column: str, key: str) -> tuple[int, _Row] | None:
    """Find the row of a key; return its row number, from 1, and the row."""
    index: int = pc.index(_texts(body, column), pa.scalar(key)).as_py()
    return (index + 1, read_row(body, index + 1)) if index >= 0 else None


def _first_on(
    body: bytes, table: SourceTable, part: Part, columns: Sequence[str], day: date
) -> tuple[int, _Row] | None:
    """Find the first valid row that mentions a day; return its row number, from 1, and the row."""
    faults = read_part(body, table, part, 0).faults["line"].to_pylist()
    lines = set[int]().union(*(_lines_on(_texts(body, column), day) for column in columns))
    valid = lines.difference(faults)
    return (line := min(valid), read_row(body, line)) if valid else None


def _last_commit(rows: pa.Table, column: str, key: str) -> int:
    of_key = rows.filter(pc.field(column) == pa.scalar(int(key), rows.schema.field(column).type))
    return pc.max(of_key[INGESTION_COMMIT.name]).as_py() or 0


def _lines_on(texts: _Texts, day: date) -> set[int]:
    """Return the row numbers, from 1, of timestamps and dates that begin with a day."""
    trimmed = pc.utf8_trim_whitespace(texts)
    hits = pc.indices_nonzero(pc.starts_with(trimmed, day.isoformat()))
    return {index + 1 for index in hits.to_pylist()}
