"""The first few rows of what is written, for people who look at a materialisation in the UI.

They are kept while the rows pass by, so that nothing is read a second time.
"""

import csv
import io
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice

import pyarrow as pa

MOST_ROWS = 5
"""How many rows a preview shows."""

LONGEST = 40
"""How many characters of a value it shows."""

_LARGEST_RECORD = 100_000
"""How many bytes of CSV are looked at; Python's reader refuses a value of more than 131,072."""

_MARKUP = re.compile(r"([\\|`<])")
_LINE_ENDS = {"\r": r"\r", "\n": r"\n"}


@dataclass
class Preview:
    """The first rows of a table that is written or loaded.

    Attributes:
        columns: the names of the columns.
        rows: the rows kept so far, `MOST_ROWS` at most.
    """

    columns: tuple[str, ...] = ()
    rows: list[Sequence[object]] = field(default_factory=list[Sequence[object]])

    def passing_csv(self, records: Iterator[bytes | memoryview]) -> Iterator[bytes | memoryview]:
        """Hand CSV records on, keeping the first of them, but for a huge one."""
        for record in islice(records, MOST_ROWS):
            if len(record) <= _LARGEST_RECORD:
                text = bytes(record).decode(errors="replace")
                self.rows.extend(csv.reader(io.StringIO(text, newline="")))
            yield record
        yield from records

    def passing(self, tables: Iterable[pa.Table]) -> Iterator[pa.Table]:
        """Hand Arrow tables on, keeping the first of their rows."""
        for table in tables:
            if missing := MOST_ROWS - len(self.rows):
                self.columns = tuple(table.column_names)
                columns = [column.to_pylist() for column in table.slice(0, missing).columns]
                self.rows.extend(zip(*columns, strict=True))
            yield table

    def __str__(self) -> str:
        """Write a markdown table, values cut and markup in them escaped."""
        head = (_line(self.columns), _line("---" for _ in self.columns))
        return "\n".join([*head, *(_line(map(_cell, row)) for row in self.rows)])


def _line(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _cell(value: object) -> str:
    text = "" if value is None else str(value)
    if len(text) > LONGEST:
        text = f"{text[: LONGEST - 1]}…"
    text = _MARKUP.sub(r"\\\1", text)
    return "".join(_LINE_ENDS.get(character, character) for character in text)
