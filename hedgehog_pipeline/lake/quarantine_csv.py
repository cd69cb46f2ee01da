"""What is told at landing of what cannot be taken, as CSV parts (schema/quarantine.py).

The commit that holds a part says which ingestion commit tells it, so that no row has to.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

import pyarrow as pa

from hedgehog_pipeline.lake.csv_reader import read_csv
from hedgehog_pipeline.model.side_tables import QUARANTINE, QUARANTINE_ARROW
from hedgehog_pipeline.model.star import INGESTION_COMMIT

_MAX_LENGTH = 1000


class QuarantineEntry(NamedTuple):
    """An entry of the quarantine, without its commit."""

    table_name: str
    key: str
    part: str
    line: int
    column_name: str
    value: str | None
    reason: str | None


QUARANTINE_COLUMNS = QuarantineEntry._fields


def readable(text: bytes) -> str:
    """Give the beginning of what was found as PostgreSQL can hold it."""
    return text[: 4 * _MAX_LENGTH].decode(errors="replace").replace("\0", "\ufffd")[:_MAX_LENGTH]


@dataclass(frozen=True)
class GatheredCsv:
    """Entries that are told while rows are read, as CSV; complete once the rows were read."""

    entries: list[QuarantineEntry]

    def __iter__(self) -> Iterator[bytes]:
        """Write what is told by now, and while it is read."""
        return quarantine_csv(self.entries)


def quarantine_csv(entries: Iterable[QuarantineEntry]) -> Iterator[bytes]:
    """Write entries as CSV: nothing is NULL, texts are quoted."""
    yield f"{','.join(QUARANTINE_COLUMNS)}\n".encode()
    for entry in entries:
        yield f"{','.join(map(_field, entry))}\n".encode()


def read_quarantine(body: bytes, commit: int) -> pa.Table:
    """Read a part of entries.

    Args:
        body: the object.
        commit: the number of the commit that holds it.
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
