"""The first few rows of what is written, for people who look at a materialisation in the UI.

They are kept while the rows pass by, so that nothing is read a second time.
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
"""How many characters of a value it shows."""

_MAX_RECORD_BYTES = 100_000
"""How many bytes of CSV are looked at; Python's reader refuses a value of more than 131,072."""


@dataclass
class Preview:
    """The first rows of a table that is written or loaded.

    Attributes:
        columns: the names of the columns.
        rows: the rows kept so far, `MAX_ROWS` at most.
    """

    columns: tuple[str, ...] = ()
    rows: list[Sequence[object]] = field(default_factory=list[Sequence[object]])

    def passing_csv(self, records: Iterator[bytes | memoryview]) -> Iterator[bytes | memoryview]:
        """Hand CSV records on, keeping the first of them, but for a huge one."""
        for record in islice(records, MAX_ROWS):
            if len(record) <= _MAX_RECORD_BYTES:
                text = bytes(record).decode(errors="replace")
                self.rows.extend(csv.reader(io.StringIO(text, newline="")))
            yield record
        yield from records

    def passing(self, tables: Iterable[pa.Table]) -> Iterator[pa.Table]:
        """Hand Arrow tables on, keeping the first of their rows."""
        for table in tables:
            if missing := MAX_ROWS - len(self.rows):
                self.columns = tuple(table.column_names)
                columns = [column.to_pylist() for column in table.slice(0, missing).columns]
                self.rows.extend(zip(*columns, strict=True))
            yield table

    def records(self) -> list[dict[str, str]]:
        """Give the rows by the names of their columns, each value a text on one line, cut."""
        return [dict(zip(self.columns, map(_shown, row), strict=False)) for row in self.rows]


def _shown(value: object) -> str:
    """Give a value as text: a browser would round the last digits of a large number."""
    return "" if value is None else printable(str(value), MAX_LENGTH)
