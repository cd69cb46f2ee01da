"""Where a row of the shop stands in the ingestion bucket: its commit, its CSV object, its line."""

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
from hedgehog_pipeline.model.source import SOURCE, SourceTable
from hedgehog_pipeline.model.star import INGESTION_COMMIT, StarTable

_Texts = Any
"""An array; pyarrow's stubs know too few of its functions' overloads."""

_Row = Mapping[str, str | None]


@dataclass(frozen=True)
class LandedRow:
    """A row of the shop as it was landed, or the word that it is gone, which has a key alone.

    Attributes:
        table: the shop's table.
        key: its primary key.
        commit: number of the ingestion commit.
        kind: how it came: by the archive, an increment, a sweep, or a file of the inbox.
        captured_at: when the capture began, UTC.
        part: `s3://` address of the CSV object; None where no part of the commit holds the row,
            which Hedgehog therefore did not write.
        line: its place in the object, from 1; None without a part.
        row: each column's text, None where it is absent.
        file: key of the inbox file that brought it; None where the shop itself was read.
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
    """What was landed last of a key.

    Attributes:
        row: the last row that could be taken; None where there is none.
        gone: the word that the shop holds it no more; None where the row came later, or nothing.
    """

    row: LandedRow | None
    gone: LandedRow | None


@dataclass(frozen=True)
class LandedRows:
    """Finds rows in the ingestion bucket; what is asked for twice is read once."""

    lake: Lake
    _read: dict[int, IngestionCommit] = field(default_factory=dict[int, IngestionCommit])
    _histories: dict[tuple[str, str, int], History] = field(
        default_factory=dict[tuple[str, str, int], History]
    )

    def in_commit(
        self, table: SourceTable, key: str, number: int, kind: PartKind = "rows"
    ) -> LandedRow:
        """Find a row, or the tombstone of its key, in a commit that is known to hold it."""
        commit = self._commit(number)
        for part in commit.parts_of(f"oltp/{table.name}", kind):
            column = table.key if kind == "rows" else part.columns[0]
            if found := self._read_as(part, partial(_row_of, column=column, key=key)):
                return self._landed(_known(commit, table, key), part, *found)
        return _known(commit, table, key)

    def as_of(self, table: SourceTable, key: str, number: int) -> LastLandedRows:
        """Find the last row of a key that could be taken up to and with a commit."""
        history = self.history(table, key, number)
        seen = _last_commit(history.versions, table.key, key)
        gone = _last_commit(history.tombstones, "key", key)
        return LastLandedRows(
            self.in_commit(table, key, seen) if seen else None,
            self.in_commit(table, key, gone, "tombstones") if gone > seen else None,
        )

    def history(self, table: SourceTable, key: str, number: int) -> History:
        """Read what was landed last of a key up to and with a commit."""
        asked = table.name, key, number
        if asked not in self._histories:
            self._histories[asked] = self.lake.landed(table).newest_of(number, [int(key)])
        return self._histories[asked]

    def mention(self, star: StarTable, day: date, number: int) -> LandedRow | None:
        """Find the first row in a commit that mentions a day, as a table of days is made of them.

        Rows that could not be taken mention nothing.
        """
        commit = self._commit(number)
        sources = [source.split(".") for source in star.key.sources]
        for name in star.inputs:
            table, columns = SOURCE[name], [column for of, column in sources if of == name]
            for part in commit.parts_of(f"oltp/{name}"):
                present = [column for column in columns if column in part.columns]
                first = partial(_first_on, table=table, part=part, columns=present, day=day)
                if found := self._read_as(part, first):
                    _, row = found
                    return self._landed(_known(commit, table, row[table.key] or ""), part, *found)
        return None

    def _commit(self, number: int) -> IngestionCommit:
        if number not in self._read:
            self._read[number] = self.lake.ingestion.read(number)
        return self._read[number]

    def _read_as(self, part: Part, parse: Callable[[bytes], Read]) -> Read:
        return read_as(self.lake.ingestion.bucket, part, parse)

    def _landed(self, known: LandedRow, part: Part, line: int, row: _Row) -> LandedRow:
        address = f"s3://{self.lake.ingestion.bucket.name}/{part.key}"
        return replace(known, part=address, line=line, row=row)


def _known(commit: IngestionCommit, table: SourceTable, key: str) -> LandedRow:
    file = commit.taken.key if commit.taken else None
    return LandedRow(table.name, key, commit.number, commit.kind, commit.captured_at, file=file)


def _texts(body: bytes, column: str) -> _Texts:
    return read_csv(body, {column: pa.string()})[column]


def _row_of(body: bytes, column: str, key: str) -> tuple[int, _Row] | None:
    """Find the row of a key, and its place, from 1."""
    place: int = pc.index(_texts(body, column), pa.scalar(key)).as_py()
    return (place + 1, read_row(body, place + 1)) if place >= 0 else None


def _first_on(
    body: bytes, table: SourceTable, part: Part, columns: Sequence[str], day: date
) -> tuple[int, _Row] | None:
    """Find the first row that can be taken and mentions a day, and its place, from 1."""
    faults = read_part(body, table, part, 0).faults["line"].to_pylist()
    lines = set[int]().union(*(_lines_on(_texts(body, column), day) for column in columns))
    good = lines.difference(faults)
    return (line := min(good), read_row(body, line)) if good else None


def _last_commit(rows: pa.Table, column: str, key: str) -> int:
    of_key = rows.filter(pc.field(column) == pa.scalar(int(key), rows.schema.field(column).type))
    return pc.max(of_key[INGESTION_COMMIT.name]).as_py() or 0


def _lines_on(texts: _Texts, day: date) -> set[int]:
    """Give the places, from 1, of texts of moments and days that begin with a day."""
    trimmed = pc.utf8_trim_whitespace(texts)
    hits = pc.indices_nonzero(pc.starts_with(trimmed, day.isoformat()))
    return {place + 1 for place in hits.to_pylist()}
