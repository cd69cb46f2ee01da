"""Plan one capture: which rows it reads of each table, and the watermark afterwards.

The initial load is defined by its first snapshot. Its slices follow the primary key and leave out
every row written at or above that snapshot's horizon. The first increment starts at that horizon
with no transaction seen, so together they miss no row and land no row twice.

Increments start when the initial load of all tables is complete. A table whose initial load starts
later, because its definition changed, is loaded alone: a commit then has a slice of it and
increments of the other tables.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from psycopg import sql

from hedgehog_pipeline.errors import HedgehogError
from hedgehog_pipeline.extraction.capture_request import Mode
from hedgehog_pipeline.extraction.snapshot import WRAP, XidWindow, not_in
from hedgehog_pipeline.extraction.source import SourceSnapshot
from hedgehog_pipeline.extraction.source_identity import (
    known_watermarks,
    redefined_tables,
    what_changed,
    xids_since,
)
from hedgehog_pipeline.lake.commits import ArchivePosition, IngestionCommit, Ranges, Watermark
from hedgehog_pipeline.model.tables import SourceTable
from hedgehog_pipeline.postgres.key_ranges import KeyRanges, below, difference, last_of, union

_MAX_XIDS_PER_QUERY = 200_000
"""PostgreSQL returns the status of so many transactions in about a fifth of a second."""

_MAX_RANGES = 1_000_000
"""So many ranges of transaction ids make a commit of 1 MB, and a statement of 22 MB per table."""


@dataclass(frozen=True)
class TableCapture:
    """What a capture reads of a table.

    Attributes:
        columns: the names of its columns, in order.
        query: selects the rows to land.
        watermark: the table's watermark once these rows have landed.
    """

    columns: tuple[str, ...]
    query: sql.Composed
    watermark: Watermark


@dataclass(frozen=True)
class Capture:
    """What a capture reads of the source.

    Attributes:
        kind: "archive" if it contains a slice of an initial load, perhaps beside increments of
            other tables; "increment" otherwise.
        reread: why all tables captured before get a full refresh, None if they do not.
        reread_tables: why single tables get a full refresh, by table.
        unchanged: the watermarks of the tables that this capture does not read.
        tables: what it reads, by table.
    """

    kind: Literal["archive", "increment"]
    reread: str | None
    reread_tables: Mapping[str, str]
    unchanged: Mapping[str, Watermark]
    tables: Mapping[str, TableCapture]

    @property
    def watermarks(self) -> dict[str, Watermark]:
        """The watermark of every table once this capture has landed."""
        return {**self.unchanged, **{name: table.watermark for name, table in self.tables.items()}}

    @property
    def ranges(self) -> int:
        """How many ranges of transactions it has seen above a horizon that one holds back."""
        return max((len(table.watermark.seen) for table in self.tables.values()), default=0)


def plan_capture(  # noqa: PLR0913 (all that a plan depends on)
    snapshot: SourceSnapshot,
    head: IngestionCommit | None,
    tables: Sequence[SourceTable],
    *,
    slice_rows: int,
    captured_at: datetime,
    mode: Mode = Mode.CHANGES,
) -> Capture:
    """Plan what to read of each table: the initial load first, increments once it is complete.

    Args:
        snapshot: the source now.
        head: the last commit of the ingestion log, read before the snapshot was opened.
        tables: the tables to capture, reference tables first.
        slice_rows: the maximum number of rows in a slice of the initial load.
        captured_at: when the capture began, UTC.
        mode: what was asked for.
    """
    watermarks, reread = known_watermarks(snapshot, head), what_changed(snapshot, head)
    if mode is Mode.REREAD:
        names = {table.name for table in tables}
        watermarks = {name: known for name, known in watermarks.items() if name not in names}
        reread = reread or "a person asked for it"
    redefined = redefined_tables(snapshot, head) if head and not reread else {}
    any_complete = any(known.archive is None for known in watermarks.values())
    number = head.number + 1 if head else 1
    before = head.base if head else {}
    start = {
        name: watermarks.get(name)
        or Watermark(
            snapshot=snapshot.pg_snapshot.horizon.text,
            archive=ArchivePosition(),
            alone=any_complete,
            captured_at=captured_at,
            commit=number,
            landed=before[name].landed if name in before else 0,
            swept=before[name].swept if name in before else 0,
        )
        for name in {*before, *(table.name for table in tables)}
    }
    loading = [table for table in tables if start[table.name].archive is not None]
    alone = all(start[table.name].alone for table in loading)
    seen = _seen(snapshot, tables, start) if alone else ()
    captured: dict[str, TableCapture] = {}
    rows_left = slice_rows
    for table in tables if alone else loading:
        watermark = start[table.name].model_copy(
            update={
                "commit": number,
                "captured_at": captured_at,
                "fingerprint": snapshot.fingerprints[table.name],
            }
        )
        if table in loading:
            captured[table.name], rows = _initial_load_slice(snapshot, table, watermark, rows_left)
            rows_left -= rows
        else:
            captured[table.name] = _increment(snapshot, table, watermark, seen)
    unchanged = {name: watermark for name, watermark in start.items() if name not in captured}
    kind = "archive" if loading else "increment"
    return Capture(kind, reread, redefined, unchanged, captured)


def _initial_load_slice(
    snapshot: SourceSnapshot, table: SourceTable, watermark: Watermark, limit: int
) -> tuple[TableCapture, int]:
    """Plan the next slice of the initial load; return it and the number of its rows."""
    assert watermark.archive is not None  # noqa: S101 (the caller chose tables still loading)
    key = sql.Identifier(table.key)
    after = watermark.archive.after
    beyond = (
        sql.SQL("{key} > {after}").format(key=key, after=sql.Literal(after))
        if after is not None
        else sql.SQL("true")
    )
    conditions = [beyond, sql.SQL("not {}").format(xids_since(watermark, snapshot).new_rows(()))]
    # Only rows of the initial load count, so it ends however many rows the source adds meanwhile.
    walk = sql.SQL(
        "select count(*), max(key) from (select {key} as key {from_rows} and {conditions} "
        "order by {key} limit {limit}) as slice"
    ).format(
        key=key,
        from_rows=snapshot.from_rows_of(table),
        conditions=sql.SQL(" and ").join(conditions),
        limit=sql.Literal(limit),
    )
    ((rows, last),) = snapshot.fetch(walk)
    complete = rows < limit
    if last is None:
        conditions.append(sql.SQL("false"))
    elif not complete:
        conditions.append(sql.SQL("{} <= {}").format(key, sql.Literal(last)))
    position = None if complete else ArchivePosition(after=last if last is not None else after)
    query = sql.SQL("{rows} order by {key}").format(
        rows=_rows(snapshot, table, conditions), key=key
    )
    return (
        TableCapture(
            snapshot.columns[table.name],
            query,
            watermark.model_copy(
                update={"archive": position, "alone": watermark.alone and not complete}
            ),
        ),
        rows,
    )


def _increment(
    snapshot: SourceSnapshot, table: SourceTable, watermark: Watermark, seen: Ranges
) -> TableCapture:
    """Plan an increment: the rows that became visible since the watermark, whatever their stamps.

    Args:
        seen: the transactions at or above the new horizon that this capture has seen.
    """
    window = xids_since(watermark, snapshot)
    after = watermark.model_copy(update={"snapshot": snapshot.pg_snapshot.text, "seen": seen})
    query = _rows(snapshot, table, [window.new_rows(watermark.seen)])
    return TableCapture(snapshot.columns[table.name], query, after)


def _seen(
    snapshot: SourceSnapshot, tables: Sequence[SourceTable], watermarks: Mapping[str, Watermark]
) -> Ranges:
    """Return the transactions at or above the horizon that have ended, as far as they matter.

    The window of the next capture contains them again, because a transaction that is still open
    holds the horizon back. A transaction or subtransaction that has ended is visible as a whole, in
    every table. So one set serves all tables, and includes what any of them saw before.

    The set must contain every ended transaction that wrote rows. Others may be in it: they join
    neighbouring ranges, which makes the set short. If tables saw different sets (in a lake begun in
    format 1, or where some tables were captured alone), the status of these transactions is asked
    again, so that no table skips rows that only another table has read.
    """
    horizon, end = snapshot.pg_snapshot.xmin, snapshot.pg_snapshot.xmax
    if horizon == end:
        return ()
    before, *others = {watermarks[table.name].seen for table in tables}
    known = [] if others else difference(before, [(0, horizon - 1)])
    unknown = difference([(horizon, end - 1)], known)
    known = union(known, _committed(snapshot, last_of(unknown, _MAX_XIDS_PER_QUERY)))
    seen = tuple(union(known, _writers(snapshot, tables, known)))
    if len(seen) > _MAX_RANGES:
        raise HedgehogError(
            f"Transaction {horizon % WRAP} of the source is open for so long that the commit would "
            f"need {len(seen):,} ranges of transaction ids; the limit is {_MAX_RANGES:,}. Nothing "
            "was landed. End that transaction (see pg_stat_activity.backend_xid and "
            "pg_prepared_xacts.transaction), then run again."
        )
    return seen


def _writers(
    snapshot: SourceSnapshot, tables: Sequence[SourceTable], known: KeyRanges
) -> KeyRanges:
    """Return the transactions that wrote the tables' rows, without those that are known.

    A row that was frozen long ago keeps 32 bits of its id, and a later transaction gets the same
    32 bits: that one may still be open, in the snapshot's list or as a subtransaction. Before 2^32
    no id repeats.
    """
    window = XidWindow(snapshot.pg_snapshot.xmin, snapshot.pg_snapshot.xmax)
    query = sql.SQL(
        "select distinct id from ({rows}) as writers where {unknown} "
        "and id <> all({open}::bigint[]) and pg_xact_status(id::text::xid8) = 'committed'"
    ).format(
        rows=snapshot.rows_in(window, tables),
        unknown=not_in(known, sql.Identifier("id")),
        open=sql.Literal(list(snapshot.pg_snapshot.open)),
    )
    writers = _as_ranges(snapshot, query)
    return writers if snapshot.pg_snapshot.xmax <= WRAP else _below_ended(snapshot, writers)


def _committed(snapshot: SourceSnapshot, among: KeyRanges) -> KeyRanges:
    """Return those of the given transactions that the snapshot certainly sees.

    PostgreSQL returns the current status of a transaction, but does not show which transaction a
    subtransaction belongs to. A transaction that was open in the snapshot and still is has no
    committed subtransaction. One that has ended since may have some, with ids above its own. The
    status "aborted" proves nothing: PostgreSQL also returns it for a subtransaction that has just
    begun, if its transaction has more than 64 of them.
    """
    if not among:
        return ()
    firsts, lasts = (list(edges) for edges in zip(*among, strict=True))
    committed = sql.SQL(
        "select id from unnest({firsts}::bigint[], {lasts}::bigint[]) as ids(first, last), "
        "generate_series(first, last) as id where pg_xact_status(id::text::xid8) = 'committed'"
    ).format(firsts=sql.Literal(firsts), lasts=sql.Literal(lasts))
    return _below_ended(snapshot, _as_ranges(snapshot, committed))


def _as_ranges(snapshot: SourceSnapshot, ids: sql.Composed) -> KeyRanges:
    """Run a query of transaction ids; the server joins consecutive ids to ranges."""
    query = sql.SQL(
        "select min(id), max(id) from (select id, id - row_number() over (order by id) as island "
        "from ({}) as ids) as numbered group by island"
    ).format(ids)
    return union(snapshot.fetch(query))  # type: ignore[arg-type]


def _below_ended(snapshot: SourceSnapshot, committed: KeyRanges) -> KeyRanges:
    """Drop the ids that may belong to a transaction open in the snapshot that has ended since."""
    ended = sql.SQL(
        "select min(id) from unnest({open}::bigint[]) as id "
        "where pg_xact_status(id::text::xid8) is distinct from 'in progress'"
    ).format(open=sql.Literal(list(snapshot.pg_snapshot.open)))
    ((first_ended,),) = snapshot.fetch(ended)  # asked last: what is open now was open before
    return committed if first_ended is None else below(committed, first_ended)


def _rows(
    snapshot: SourceSnapshot, table: SourceTable, conditions: Sequence[sql.Composable]
) -> sql.Composed:
    return sql.SQL("select {columns} {from_rows} and {conditions}").format(
        columns=sql.SQL(", ").join(map(sql.Identifier, snapshot.columns[table.name])),
        from_rows=snapshot.from_rows_of(table),
        conditions=sql.SQL(" and ").join(conditions),
    )
