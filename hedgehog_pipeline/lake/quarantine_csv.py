"""Quarantine entries that are written when rows land, as CSV parts (model/side_tables.py).

A part has no column for the ingestion commit: the commit that lists the part is the one.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

import pyarrow as pa

from hedgehog_pipeline.lake.csv_reader import read_csv
from hedgehog_pipeline.model.side_tables import QUARANTINE, QUARANTINE_ARROW
from hedgehog_pipeline.model.tables import INGESTION_COMMIT

_MAX_LENGTH = 1000


class QuarantineEntry(NamedTuple):
    """A quarantine entry, without its commit."""

    table_name: str
    key: str
    part: str
    line: int
    column_name: str
    value: str | None
    reason: str | None


QUARANTINE_COLUMNS = QuarantineEntry._fields


def readable(text: bytes) -> str:
    """Return the beginning of a text as PostgreSQL can store it: UTF-8 without NUL."""
    return text[: 4 * _MAX_LENGTH].decode(errors="replace").replace("\0", "\ufffd")[:_MAX_LENGTH]


@dataclass(frozen=True)
class QuarantineCsv:
    """Entries that are added while rows are read, as CSV; complete once all rows were read."""

    entries: list[QuarantineEntry]

    def __iter__(self) -> Iterator[bytes]:
        """Yield the CSV of the entries so far, and of those added meanwhile."""
        return quarantine_csv(self.entries)


def quarantine_csv(entries: Iterable[QuarantineEntry]) -> Iterator[bytes]:
    """Yield entries as CSV with a header: NULL is empty, texts are quoted."""
    yield f"{','.join(QUARANTINE_COLUMNS)}\n".encode()
    for entry in entries:
        yield f"{','.join(map(_field, entry))}\n".encode()


def read_quarantine(body: bytes, commit: int) -> pa.Table:
    """Read a part of quarantine entries.

    Args:
        commit: number of the commit that lists the part.
    """
    types = {column.name: column.type.arrow for column in QUARANTINE}
    entries = read_csv(body, {name: types[name] for name in QUARANTINE_COLUMNS})
    numbers = pa.repeat(pa.scalar(commit, pa.int64()), entries.num_rows)
    entries = entries.append_column(INGESTION_COMMIT.name, numbers)
    return entries.select(QUARANTINE_ARROW.names).cast(QUARANTINE_ARROW)


def _field(value: str | int | None) -> str:
    if value is None:
        return ""
    return str(value) if isinstance(value, int) else '"' + value.replace('"', '""') + '"'
