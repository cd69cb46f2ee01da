"""Quarantine entries, and the rows that they keep out of the warehouse, for people to read."""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from itertools import groupby
from typing import Any

from hedgehog_pipeline.errors import HedgehogError
from hedgehog_pipeline.lake.commits import IngestionCommit
from hedgehog_pipeline.lake.csv_reader import read_row
from hedgehog_pipeline.lake.log import CommitLog
from hedgehog_pipeline.lake.parts import read_as
from hedgehog_pipeline.postgres.connection import pinned_transaction
from hedgehog_pipeline.printable import printable
from hedgehog_pipeline.storage.tables import has_quarantine
from hedgehog_pipeline.storage.warehouse import Warehouse

_MAX_LENGTH = 40
"""How many characters of a value a list shows."""

_ENTRIES = """
    select table_name, key, column_name, entry.value, entry.reason, ingestion_commit, part, line,
           still.reason is not null as open
    from hedgehog.quarantine as entry left join hedgehog.open_quarantine as still
        using (table_name, key, ingestion_commit, part, line, column_name)
    where entry.reason is not null and (still.reason is not null or %(closed)s)
      and (%(table)s::text is null or (table_name, key) = (%(table)s, %(key)s))
    order by ingestion_commit, table_name, part, line, column_name
"""

_FIRST = """
    select table_name, key, column_name, value, reason, ingestion_commit, part, line, true,
           count(*) over ()
    from hedgehog.open_quarantine
    order by ingestion_commit, table_name, part, line, column_name limit 1
"""


_ROWS = """
    select count(distinct (table_name, key, case when key = '' then (part, line) end))
    from hedgehog.open_quarantine
"""
"""A row without a key is identified by its part and line."""


@dataclass(frozen=True)
class Entry:
    """A quarantine entry: a value that keeps its row out (model/side_tables.py).

    Attributes:
        table: the source table.
        key: the row's primary key as it landed.
        column: the column of the value.
        value: the text of the value, None for NULL.
        reason: what is wrong with the value.
        commit: the ingestion commit that landed the row.
        part: key of the CSV object with the row.
        line: its row number in the object, from 1.
        open: whether nothing has closed the entry (storage/views.py).
    """

    table: str
    key: str
    column: str
    value: str | None
    reason: str
    commit: int
    part: str
    line: int
    open: bool

    def __str__(self) -> str:
        """Write the entry on one line, without the value."""
        return f"{self.table} {self.key}: {self.column} {self.reason} (commit {self.commit})"


def read_entries(
    warehouse: Warehouse, *, closed: bool = False, row: tuple[str, str] | None = None
) -> list[Entry]:
    """Read the entries, the oldest capture first.

    Args:
        warehouse: the warehouse, prepared or not.
        closed: whether to read closed entries too.
        row: the row to read entries of, by table and key; None for all rows.
    """
    table, key = row or (None, None)
    values = {"closed": closed, "table": table, "key": key}
    return [Entry(*found) for found in _query(warehouse, _ENTRIES, values)]


def read_first(warehouse: Warehouse) -> tuple[int, Entry | None]:
    """Count the open entries, and read the first.

    Args:
        warehouse: the warehouse, prepared or not.
    """
    found = next(iter(_query(warehouse, _FIRST)), None)
    return (found[-1], Entry(*found[:-1])) if found else (0, None)


def count_rows(warehouse: Warehouse) -> int | None:
    """Count the rows with open entries, however many values and captures each has.

    Args:
        warehouse: the warehouse, prepared or not.

    Returns:
        The number; None where the view of open entries is missing.
    """
    if warehouse.is_prepared() and not has_quarantine(warehouse.connection):
        return None
    return sum(count for (count,) in _query(warehouse, _ROWS))


def quarantined_rows(rows: int | None) -> str:
    """Write how many rows are in quarantine, and the command that lists them."""
    if rows is None:
        return (
            "rows in quarantine not counted: hedgehog.open_quarantine is missing, the next load "
            "creates it again"
        )
    return f"{rows:,} row{'s' * (rows != 1)} in quarantine: `hedgehog quarantine list`"


def _query(
    warehouse: Warehouse, query: str, values: Mapping[str, Any] | None = None
) -> list[tuple[Any, ...]]:
    """Run a query without a time limit; a warehouse that is not prepared has no rows."""
    if not warehouse.is_prepared():
        return []
    with pinned_transaction(warehouse.connection):
        return warehouse.connection.execute(query.encode(), values).fetchall()


def render_entries(entries: Iterable[Entry], *, state: bool) -> Iterator[str]:
    """Write entries as a table; long values are cut.

    Args:
        state: whether to add a column that says if the entry is open.
    """
    rows = [["table", "key", "column", "value", "reason", "commit", *(["state"] if state else [])]]
    for entry in entries:
        cells = [entry.table, entry.key, entry.column, entry.value or "", entry.reason]
        rows.append([printable(cell, _MAX_LENGTH) for cell in (*cells, str(entry.commit))])
        if state:
            rows[-1].append("open" if entry.open else "closed")
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        yield "  ".join(cells).rstrip()


@dataclass(frozen=True)
class QuarantinedRow:
    """A row with quarantine entries.

    Attributes:
        commit: the ingestion commit that landed it.
        part: `s3://` address of the object with the row, a CSV part or an inbox file; empty where
            the row could not be landed.
        line: from 1: its row number in a part or in what the capture read, or its line in a file.
        entries: its quarantine entries.
        row: the text of each column, None for NULL; None for a row of an inbox file, which may not
            be CSV at all, and for a row that could not be landed: its entries say what was found.
    """

    commit: int
    part: str
    line: int
    entries: tuple[Entry, ...]
    row: dict[str, str | None] | None


def quarantined_rows_of(
    table: str, key: str, warehouse: Warehouse, log: CommitLog[IngestionCommit]
) -> list[QuarantinedRow]:
    """Read the entries of a row, and the row as it landed.

    Args:
        table: the source table.
        warehouse: the warehouse, prepared or not.
        log: the ingestion log.

    Raises:
        HedgehogError: where the row has no entry, or its part is missing or altered.
    """
    entries = read_entries(warehouse, closed=True, row=(table, key))
    if not entries:
        raise HedgehogError(
            f"{table} {key} has no quarantine entry; `hedgehog quarantine list --all` names every "
            "row that has one."
        )
    rows: list[QuarantinedRow] = []
    for (commit, part, line), found in groupby(entries, lambda e: (e.commit, e.part, e.line)):
        row = _row_of(log, commit, part, line) if part.startswith("oltp/") else None
        address = f"s3://{log.bucket.name}/{part}" if part else ""
        rows.append(QuarantinedRow(commit, address, line, tuple(found), row))
    return rows


def _row_of(
    log: CommitLog[IngestionCommit], commit: int, key: str, line: int
) -> dict[str, str | None]:
    for part in log.read(commit).parts:
        if part.key == key:
            return read_as(log.bucket, part, partial(read_row, line=line))
    raise HedgehogError(
        f"A quarantine entry names the object {key} of ingestion commit {commit}, but that commit "
        f"in the bucket {log.bucket.name} has no such object. Check that HEDGEHOG_INGESTION_BUCKET "
        "and the warehouse's secret belong to one deployment."
    )


def format_row(rows: Iterable[QuarantinedRow]) -> Iterator[str]:
    """Write the entries of a row, and the row as it landed."""
    for row in rows:
        yield f"commit {row.commit}: {printable(location_of(row.part, row.line))}"
        for entry in row.entries:
            state = "open" if entry.open else "closed"
            yield f"  {state}: {printable(f'{entry.column} {entry.reason}')}"
        for column, text in (row.row or {}).items():
            shown = printable(json.dumps(text, ensure_ascii=False))
            yield f"    {printable(column)} = {shown}"


def location_of(part: str, line: int) -> str:
    """Write where a row is: its object and row number, or that it did not land."""
    return f"{part}, row {line}" if part else f"not landed, row {line} of what the capture read"


def closed_since(before: Iterable[Entry], after: Iterable[Entry]) -> int:
    """Count the entries of `before` that are not in `after`."""
    return len({_identity(entry) for entry in before} - {_identity(entry) for entry in after})


def _identity(entry: Entry) -> tuple[object, ...]:
    return entry.commit, entry.part, entry.line, entry.column
