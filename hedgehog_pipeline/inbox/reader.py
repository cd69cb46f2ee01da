"""A file that somebody brought, as rows of a table of the shop: good ones, and why others are not.

What is told here is what CSV, text and a row without a key forbid. Whether a value is of its
column's type is told where every landed value is read (lake/csv_values.py).
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
from hedgehog_pipeline.model.source import SourceTable

_KEY = re.compile(rb'"?(-?[0-9]{1,19})"?')
_KEYS = {INTEGER: range(-(2**31), 2**31), BIGINT: range(-(2**63), 2**63)}
_BOOLEANS = {b"true": b"t", b"t": b"t", b"false": b"f", b"f": b"f"}
_SHOWN = 100


@dataclass(frozen=True)
class Survey:
    """What a first reading of a file finds.

    Attributes:
        refusal: why nothing of it can be taken, a sentence; empty where something can.
        passed_over: names of its columns that the table's declaration has not.
        superseded: lines of rows whose key a later row has again.
        faulty: whether it has records that cannot be taken.
    """

    refusal: str = ""
    passed_over: tuple[str, ...] = ()
    superseded: frozenset[int] = frozenset()
    faulty: bool = False


@dataclass(frozen=True)
class InboxReader:
    """A file in the inbox; each method reads it anew, so that none of it has to be kept.

    Attributes:
        part: its key in the bucket.
        table: what its rows are.
        open: opens it at its beginning.
    """

    part: str
    table: SourceTable
    open: Callable[[], AbstractContextManager[Read]]

    def survey(self) -> Survey:
        """Read it once to see what there is; of a key that comes twice the later row counts."""
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
            return Survey(f"The file {self.part} has a header and no rows: nothing was to do.")
        rows = pa.table({"key": pa.array(keys, pa.int64()), "line": pa.array(lines, pa.int64())})
        last = rows.group_by("key").aggregate([("line", "max")])["line_max"]
        again: list[Any] = rows["line"].filter(pc.invert(pc.is_in(rows["line"], last))).to_pylist()
        return Survey("", layout.passed_over, frozenset(again), faulty)

    def rows_csv(self, superseded: frozenset[int]) -> Iterator[bytes]:
        """Write the good rows as COPY does: the declared columns, NULL as nothing.

        Args:
            superseded: lines to leave out.
        """
        yield f"{','.join(column.name for column in self.table.columns)}\n".encode()
        with self._opened() as (_, found):
            for item in found:
                if isinstance(item, _Row) and item.line not in superseded:
                    yield item.text

    def faults(self) -> Iterator[QuarantineEntry]:
        """Tell which records cannot be taken, and why."""
        with self._opened() as (_, found):
            for item in found:
                if isinstance(item, QuarantineEntry):
                    yield item

    @contextmanager
    def _opened(self) -> "Generator[tuple[_Layout, Iterator[_Row | QuarantineEntry]], None, None]":
        with self.open() as read:
            found = records(read)
            layout = _Layout.of(next(found, None), self.table, self.part)
            yield layout, map(layout.taken, found)


class _Row(NamedTuple):
    line: int
    key: int
    text: bytes


class _Refused(Exception):  # noqa: N818 (no error: the rest of a sentence that says why)
    """Nothing of a file can be taken."""


@dataclass(frozen=True)
class _Layout:
    """Where the columns of a table stand in a file.

    Attributes:
        part: the file.
        table: what its rows are.
        width: how many fields a record has.
        key: the place of the key.
        keys: what it may be.
        values: picks the values of the declared columns, in their order.
        booleans: the places among those of columns that are true or false.
        passed_over: names of columns that the declaration has not.
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
            _Refused: where there are none.
        """
        if header is None:
            raise _Refused("is empty: put it again with a header and rows.")
        if _unfit(header.text):
            raise _Refused(
                "is no text in UTF-8 (is it compressed, a spreadsheet, in another encoding?): put "
                "it again as plain CSV in UTF-8."
            )
        names = [_unquoted(field) for field in header.fields]
        declared = [column.name for column in table.columns]
        missing = [name for name in declared if name not in names]
        if len(missing) == len(declared):
            raise _Refused(
                f"begins with {readable(header.text)[:_SHOWN]!r}, which names no column of "
                f"{table.name}: it has no header, or another separator than the comma. Put it "
                f"again with commas and the header {','.join(declared)}"
            )
        if missing:
            raise _Refused(
                f"lacks the columns {', '.join(missing)} of {table.name}: put it again with them."
            )
        twice = {name for name in declared if names.count(name) > 1}
        if twice:
            raise _Refused(
                f"has the columns {', '.join(sorted(twice))} more than once: put it again with "
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

    def taken(self, record: Record) -> _Row | QuarantineEntry:
        """Give a record as a row, or why it cannot be one."""
        if record.fault:
            return self._told(record, "", "", record.fault)
        fields = record.fields
        key = _KEY.fullmatch(fields[self.key]) if self.key < len(fields) else None
        number = int(key[1]) if key else None
        if len(fields) != self.width:
            # A field too many or too few moves those behind it: the first alone is where it was.
            first = str(number) if self.key == 0 and len(fields) > 1 and number is not None else ""
            counted = f"has {len(fields)} instead of {self.width} fields"
            return self._told(record, first, "", counted)
        if number is None or number not in self.keys:
            absent = fields[self.key] in {b"", b'""'}
            reason = "is absent" if absent else f"is not {self.table.key_type.form}"
            return self._told(record, "", self.table.key, reason)
        values = list(self.values(fields))
        values[0] = b"%d" % number
        for place in self.booleans:
            values[place] = _BOOLEANS.get(values[place].strip(b'"').lower(), values[place])
        text = b",".join(values)
        if _unfit(text):
            column, reason = next(
                (column.name, reason)
                for column, value in zip(self.table.columns, values, strict=True)
                if (reason := _unfit(value))
            )
            return self._told(record, str(number), column, reason)
        return _Row(record.line, number, text + b"\n")

    def _told(self, record: Record, key: str, column: str, reason: str) -> QuarantineEntry:
        found = readable(record.text)
        return QuarantineEntry(self.table.name, key, self.part, record.line, column, found, reason)


def _unfit(text: bytes) -> str:
    """Tell what forbids to keep a text; nothing where it can be kept."""
    if b"\0" in text:
        return "holds a NUL character, which PostgreSQL cannot keep"
    if not text.isascii():
        try:
            text.decode()
        except UnicodeDecodeError:
            return "is not UTF-8"
    return ""


def _unquoted(field: bytes) -> str:
    text = field.decode()
    return text[1:-1].replace('""', '"') if text.startswith('"') else text
