"""What was told of rows that cannot be taken, and the rows themselves, for people to look at."""

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
from hedgehog_pipeline.postgres.connection import settled
from hedgehog_pipeline.printable import printable
from hedgehog_pipeline.storage.tables import has_quarantine
from hedgehog_pipeline.storage.warehouse import Warehouse

_MAX_LENGTH = 40
"""How many characters of a value a list shows."""

_ENTRIES = """
    select table_name, key, column_name, told.value, told.reason, ingestion_commit, part, line,
           still.reason is not null as open
    from hedgehog.quarantine as told left join hedgehog.open_quarantine as still
        using (table_name, key, ingestion_commit, part, line, column_name)
    where told.reason is not null and (still.reason is not null or %(closed)s)
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
"""A row without a key is told by its place."""


@dataclass(frozen=True)
class Entry:
    """A value for which a row cannot be taken (schema/quarantine.py).

    Attributes:
        table: the shop's table.
        key: the row's primary key as it was landed.
        column: the column.
        value: the text that was found, None where there is none.
        reason: why it cannot be taken.
        commit: the ingestion commit that landed the row.
        part: key of the CSV object that holds it.
        line: its place in the object, from 1.
        open: whether no better row of the key has come since.
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
        """Say it as a sentence, the value left aside."""
        return f"{self.table} {self.key}: {self.column} {self.reason} (commit {self.commit})"


def read_entries(
    warehouse: Warehouse, *, closed: bool = False, row: tuple[str, str] | None = None
) -> list[Entry]:
    """Read what was told, the oldest capture first.

    Args:
        warehouse: the warehouse, prepared or not.
        closed: whether to read also what holds no more.
        row: of which row, by table and key; None for all rows.
    """
    table, key = row or (None, None)
    values = {"closed": closed, "table": table, "key": key}
    return [Entry(*found) for found in _ask(warehouse, _ENTRIES, values)]


def read_first(warehouse: Warehouse) -> tuple[int, Entry | None]:
    """Count what is open, and read the first of it.

    Args:
        warehouse: the warehouse, prepared or not.
    """
    found = next(iter(_ask(warehouse, _FIRST)), None)
    return (found[-1], Entry(*found[:-1])) if found else (0, None)


def count_rows(warehouse: Warehouse) -> int | None:
    """Count the rows that cannot be taken, whatever the number of their values and captures.

    Args:
        warehouse: the warehouse, prepared or not.

    Returns:
        The number; None where the view is gone that would tell it.
    """
    if warehouse.is_prepared() and not has_quarantine(warehouse.connection):
        return None
    return sum(count for (count,) in _ask(warehouse, _ROWS))


def quarantined_rows(rows: int | None) -> str:
    """Say that so many rows are in quarantine, and what shows them."""
    if rows is None:
        return (
            "rows in quarantine not counted: hedgehog.open_quarantine is gone, the next load "
            "creates it again"
        )
    return f"{rows:,} row{'s' * (rows != 1)} in quarantine: `hedgehog quarantine list`"


def _ask(
    warehouse: Warehouse, query: str, values: Mapping[str, Any] | None = None
) -> list[tuple[Any, ...]]:
    """Ask a warehouse, prepared or not, for as long as it takes."""
    if not warehouse.is_prepared():
        return []
    with settled(warehouse.connection):
        return warehouse.connection.execute(query.encode(), values).fetchall()


def lines_of(entries: Iterable[Entry], *, state: bool) -> Iterator[str]:
    """Write entries as a table, values cut.

    Args:
        entries: what to write.
        state: whether to say of each if it is open.
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
    """A row of which something was told.

    Attributes:
        commit: the ingestion commit that landed it.
        part: `s3://` address of the CSV object that holds it: of a part or of a brought file; empty
            where it could not be landed.
        line: its place in a part or in what the capture read, or its line in a file, from 1.
        entries: what was told of it.
        row: each column's text, None where it is absent; None of a row in a brought file, which
            need not be CSV at all, and of one that could not be landed: what was found of it stands
            in the entries.
    """

    commit: int
    part: str
    line: int
    entries: tuple[Entry, ...]
    row: dict[str, str | None] | None


def entries_of(
    table: str, key: str, warehouse: Warehouse, log: CommitLog[IngestionCommit]
) -> list[QuarantinedRow]:
    """Read what was told of a row, and the row as it was landed.

    Args:
        table: the shop's table.
        key: the row's primary key.
        warehouse: the warehouse, prepared or not.
        log: the ingestion log.

    Raises:
        HedgehogError: where nothing was told of it, or its part is missing or altered.
    """
    entries = read_entries(warehouse, closed=True, row=(table, key))
    if not entries:
        raise HedgehogError(
            f"Nothing was told of {table} {key}; `hedgehog quarantine list --all` names the rows "
            "of which something was."
        )
    told: list[QuarantinedRow] = []
    for (commit, part, line), found in groupby(entries, lambda e: (e.commit, e.part, e.line)):
        row = _row_of(log, commit, part, line) if part.startswith("oltp/") else None
        address = f"s3://{log.bucket.name}/{part}" if part else ""
        told.append(QuarantinedRow(commit, address, line, tuple(found), row))
    return told


def _row_of(
    log: CommitLog[IngestionCommit], commit: int, key: str, line: int
) -> dict[str, str | None]:
    for part in log.read(commit).parts:
        if part.key == key:
            return read_as(log.bucket, part, partial(read_row, line=line))
    raise HedgehogError(
        f"The quarantine tells of the object {key} of ingestion commit {commit}, which names no "
        f"such object in the bucket {log.bucket.name}. See whether HEDGEHOG_INGESTION_BUCKET and "
        "the warehouse's secret are of one deployment."
    )


def format_row(told: Iterable[QuarantinedRow]) -> Iterator[str]:
    """Write what was told of a row, and the row as it was landed."""
    for row in told:
        yield f"commit {row.commit}: {printable(place_of(row.part, row.line))}"
        for entry in row.entries:
            state = "open" if entry.open else "closed"
            yield f"  {state}: {printable(f'{entry.column} {entry.reason}')}"
        for column, text in (row.row or {}).items():
            shown = printable(json.dumps(text, ensure_ascii=False))
            yield f"    {printable(column)} = {shown}"


def place_of(part: str, line: int) -> str:
    """Say where a row is: in which object, or that it could not be landed."""
    return f"{part}, row {line}" if part else f"not landed, row {line} of what the capture read"


def closed_since(before: Iterable[Entry], after: Iterable[Entry]) -> int:
    """Count the entries that were open and are no more."""
    return len({_place(entry) for entry in before} - {_place(entry) for entry in after})


def _place(entry: Entry) -> tuple[object, ...]:
    return entry.commit, entry.part, entry.line, entry.column
