"""Reads an inbox file as rows of a source table: the valid rows, and why the others are left out.

This checks CSV syntax, encoding and the key. Whether a value has the type of its column is checked
where every landed value is read (lake/csv_reader.py).
"""

import re
from array import array
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from operator import itemgetter
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from hedgehog_pipeline.lake.csv_records import Read, Record, records
from hedgehog_pipeline.lake.quarantine_csv import QuarantineEntry, readable
from hedgehog_pipeline.model.columns import BIGINT, BOOLEAN, INTEGER
from hedgehog_pipeline.model.tables import SourceTable

_KEY = re.compile(rb'"?(-?[0-9]{1,19})"?')
_KEYS = {INTEGER: range(-(2**31), 2**31), BIGINT: range(-(2**63), 2**63)}
_BOOLEANS = {b"true": b"t", b"t": b"t", b"false": b"f", b"f": b"f"}
_SHOWN = 100


@dataclass(frozen=True)
class Survey:
    """The result of a first pass over a file.

    Attributes:
        refusal: a sentence that says why the whole file is refused; empty if it is not.
        passed_over: the names of its columns that the table does not declare.
        superseded: the lines of rows whose key occurs again in a later row.
        faulty: whether it has records that are not valid rows.
    """

    refusal: str = ""
    passed_over: tuple[str, ...] = ()
    superseded: frozenset[int] = frozenset()
    faulty: bool = False


@dataclass(frozen=True)
class InboxReader:
    """Reads a file of the inbox; each method reads it again, so it need not fit into memory.

    Attributes:
        part: the key of the file in the bucket.
        table: the table that it lands as.
        open: opens the file at its beginning.
    """

    part: str
    table: SourceTable
    open: Callable[[], AbstractContextManager[Read]]

    def survey(self) -> Survey:
        """Read the file once and return what it contains; the last row of a key counts."""
        keys, lines, faulty = array("q"), array("q"), False
        try:
            with self._opened() as (layout, found):
                for item in found:
                    if isinstance(item, _Row):
                        keys.append(item.key)
                        lines.append(item.line)
                    else:
                        faulty = True
        except _Refused as refused:
            return Survey(f"The file {self.part} {refused}")
        if not keys and not faulty:
            return Survey(f"The file {self.part} has a header and no rows: nothing to land.")
        rows = pa.table({"key": pa.array(keys, pa.int64()), "line": pa.array(lines, pa.int64())})
        last = rows.group_by("key").aggregate([("line", "max")])["line_max"]
        again: list[Any] = rows["line"].filter(pc.invert(pc.is_in(rows["line"], last))).to_pylist()
        return Survey("", layout.passed_over, frozenset(again), faulty)

    def rows_csv(self, superseded: frozenset[int]) -> Iterator[bytes]:
        """Write the valid rows as COPY does: the declared columns, nothing for NULL.

        Args:
            superseded: lines to leave out.
        """
        yield f"{','.join(column.name for column in self.table.columns)}\n".encode()
        with self._opened() as (_, found):
            for item in found:
                if isinstance(item, _Row) and item.line not in superseded:
                    yield item.text

    def faults(self) -> Iterator[QuarantineEntry]:
        """Yield a quarantine entry for each record that is not a valid row."""
        with self._opened() as (_, found):
            for item in found:
                if isinstance(item, QuarantineEntry):
                    yield item

    @contextmanager
    def _opened(self) -> "Generator[tuple[_Layout, Iterator[_Row | QuarantineEntry]], None, None]":
        with self.open() as read:
            found = records(read)
            layout = _Layout.of(next(found, None), self.table, self.part)
            yield layout, map(layout.parse, found)


class _Row(NamedTuple):
    line: int
    key: int
    text: bytes


class _Refused(Exception):  # noqa: N818 (not an error: the rest of a sentence with the reason)
    """A whole file is refused."""


@dataclass(frozen=True)
class _Layout:
    """The positions of a table's columns in a file.

    Attributes:
        part: the key of the file in the bucket.
        table: the table that it lands as.
        width: the number of fields of a record.
        key: the position of the key.
        keys: the allowed keys.
        values: returns the values of the declared columns, in the order of the declaration.
        booleans: the positions of boolean columns among these values.
        passed_over: the names of columns that the table does not declare.
    """

    part: str
    table: SourceTable
    width: int
    key: int
    keys: range
    values: Callable[[Sequence[bytes]], tuple[bytes, ...]]
    booleans: tuple[int, ...]
    passed_over: tuple[str, ...]

    @classmethod
    def of(cls, header: Record | None, table: SourceTable, part: str) -> "_Layout":
        """Find the columns in a file's first record.

        Raises:
            _Refused: if the header lacks one.
        """
        if header is None:
            raise _Refused("is empty: upload it again with a header and rows.")
        if _unfit(header.text):
            raise _Refused(
                "is not UTF-8 text (is it compressed, a spreadsheet, in another encoding?): upload "
                "it again as plain CSV in UTF-8."
            )
        names = [_unquoted(field) for field in header.fields]
        declared = [column.name for column in table.columns]
        missing = [name for name in declared if name not in names]
        if len(missing) == len(declared):
            raise _Refused(
                f"begins with {readable(header.text)[:_SHOWN]!r}, which names no column of "
                f"{table.name}: it has no header, or its separator is not the comma. Upload it "
                f"again with commas and the header {','.join(declared)}"
            )
        if missing:
            raise _Refused(
                f"lacks the columns {', '.join(missing)} of {table.name}: upload it with them."
            )
        twice = {name for name in declared if names.count(name) > 1}
        if twice:
            raise _Refused(
                f"has the columns {', '.join(sorted(twice))} more than once: upload it again with "
                "one of each."
            )
        return cls(
            part,
            table,
            len(names),
            names.index(table.key),
            _KEYS[table.key_type],
            itemgetter(*map(names.index, declared)),
            tuple(n for n, column in enumerate(table.columns) if column.type == BOOLEAN),
            tuple(name for name in names if name not in declared),
        )

    def parse(self, record: Record) -> _Row | QuarantineEntry:
        """Return a record as a row, or the quarantine entry that says why it is not one."""
        if record.fault:
            return self._entry(record, "", "", record.fault)
        fields = record.fields
        key = _KEY.fullmatch(fields[self.key]) if self.key < len(fields) else None
        number = int(key[1]) if key else None
        if len(fields) != self.width:
            # A missing or an extra field moves the fields after it: only the first is reliable.
            first = str(number) if self.key == 0 and len(fields) > 1 and number is not None else ""
            reason = f"has {len(fields)} instead of {self.width} fields"
            return self._entry(record, first, "", reason)
        if number is None or number not in self.keys:
            absent = fields[self.key] in {b"", b'""'}
            reason = "is absent" if absent else f"is not {self.table.key_type.form}"
            return self._entry(record, "", self.table.key, reason)
        values = list(self.values(fields))
        values[0] = b"%d" % number
        for position in self.booleans:
            values[position] = _BOOLEANS.get(values[position].strip(b'"').lower(), values[position])
        text = b",".join(values)
        if _unfit(text):
            column, reason = next(
                (column.name, reason)
                for column, value in zip(self.table.columns, values, strict=True)
                if (reason := _unfit(value))
            )
            return self._entry(record, str(number), column, reason)
        return _Row(record.line, number, text + b"\n")

    def _entry(self, record: Record, key: str, column: str, reason: str) -> QuarantineEntry:
        found = readable(record.text)
        return QuarantineEntry(self.table.name, key, self.part, record.line, column, found, reason)


def _unfit(text: bytes) -> str:
    """Return why PostgreSQL cannot store a text; empty if it can."""
    if b"\0" in text:
        return "contains a NUL character, which PostgreSQL cannot store"
    if not text.isascii():
        try:
            text.decode()
        except UnicodeDecodeError:
            return "is not UTF-8"
    return ""


def _unquoted(field: bytes) -> str:
    text = field.decode()
    return text[1:-1].replace('""', '"') if text.startswith('"') else text
