"""The first rows that a run writes, shown with the materialisation in the UI.

They are collected while the rows pass through, so nothing is read twice.
"""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice

import pyarrow as pa

from hedgehog_pipeline.printable import printable

MAX_ROWS = 5
"""How many rows a preview shows."""

MAX_LENGTH = 40
"""How many characters of a value a preview shows."""

_MAX_RECORD_BYTES = 100_000
"""A larger CSV record is left out: Python's reader refuses values of more than 131,072 bytes."""


@dataclass
class Preview:
    """The first rows of a table that is written or loaded.

    Attributes:
        rows: the rows collected so far, at most `MAX_ROWS`.
    """

    columns: tuple[str, ...] = ()
    rows: list[Sequence[object]] = field(default_factory=list[Sequence[object]])

    def passing_csv(self, records: Iterator[bytes | memoryview]) -> Iterator[bytes | memoryview]:
        """Pass CSV records through and collect the first of them, except huge ones."""
        for record in islice(records, MAX_ROWS):
            if len(record) <= _MAX_RECORD_BYTES:
                text = bytes(record).decode(errors="replace")
                self.rows.extend(csv.reader(io.StringIO(text, newline="")))
            yield record
        yield from records

    def passing(self, tables: Iterable[pa.Table]) -> Iterator[pa.Table]:
        """Pass Arrow tables through and collect their first rows."""
        for table in tables:
            if missing := MAX_ROWS - len(self.rows):
                self.columns = tuple(table.column_names)
                columns = [column.to_pylist() for column in table.slice(0, missing).columns]
                self.rows.extend(zip(*columns, strict=True))
            yield table

    def records(self) -> list[dict[str, str]]:
        """Return the rows as dicts, each value as a text on one line, truncated."""
        return [dict(zip(self.columns, map(_shown, row), strict=False)) for row in self.rows]


def _shown(value: object) -> str:
    """Return a value as text: a browser would round the last digits of a large number."""
    return "" if value is None else printable(str(value), MAX_LENGTH)
