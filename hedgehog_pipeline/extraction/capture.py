"""What one capture takes of each table, and up to where the table is captured afterwards.

The archive is defined by its first snapshot: slices walk on in primary-key order and leave out
every row written at or above that snapshot's horizon. The first increment starts at that horizon
with nothing seen, so that both together miss nothing and take nothing twice.

Increments begin when the archive of all tables is complete. A table whose archive begins later,
because it is another table now, is read alone: a slice of it goes with increments of the others.
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
    another_tables,
    known_watermarks,
    what_changed,
    xids_since,
)
from hedgehog_pipeline.lake.commits import ArchivePosition, IngestionCommit, Ranges, Watermark
from hedgehog_pipeline.model.source import SourceTable
from hedgehog_pipeline.postgres.key_ranges import KeyRanges, below, difference, last_of, union

_MAX_XIDS_ASKED = 200_000
"""PostgreSQL tells in about a fifth of a second how so many transactions stand."""

_MAX_RANGES = 1_000_000
"""So many ranges of transactions make a commit of a megabyte, and a statement of 22 for a table."""


@dataclass(frozen=True)
class TableCapture:
    """What a capture takes of a table.

    Attributes:
        columns: the names of its columns, in order.
        query: selects the rows to land.
        base: up to where the table is captured once they have landed.
    """

    columns: tuple[str, ...]
    query: sql.Composed
    base: Watermark


@dataclass(frozen=True)
class Capture:
    """What a capture takes of the shop.

    Attributes:
        kind: a slice of the archive, be it of one table beside increments of others; or increments
            alone.
        reread: why the tables that were captured before are read in full again, None if they are
            not.
        reread_tables: why single ones are, by table.
        kept: the watermarks of tables that this capture leaves as they are.
        tables: what it takes, by table.
    """

    kind: Literal["archive", "increment"]
    reread: str | None
    reread_tables: Mapping[str, str]
    kept: Mapping[str, Watermark]
    tables: Mapping[str, TableCapture]

    @property
    def watermarks(self) -> dict[str, Watermark]:
        """Up to where every table is captured once it has landed."""
        return {**self.kept, **{name: taken.base for name, taken in self.tables.items()}}

    @property
    def ranges(self) -> int:
        """How many ranges of transactions it has seen above a horizon that one holds back."""
        return max((len(taken.base.seen) for taken in self.tables.values()), default=0)


def plan_capture(  # noqa: PLR0913 (all that a plan depends on)
    moment: SourceSnapshot,
    head: IngestionCommit | None,
    tables: Sequence[SourceTable],
    *,
    slice_rows: int,
    captured_at: datetime,
    mode: Mode = Mode.CHANGES,
) -> Capture:
    """Decide what to take of each table: archive first, increments once it is complete.

    Args:
        moment: the shop now.
        head: the last commit of the ingestion log, read before the moment was opened.
        tables: the tables to capture, reference tables first.
        slice_rows: how many rows a slice of the archive may take.
        captured_at: when the capture began, UTC.
        mode: what was asked for.
    """
    watermarks, reread = known_watermarks(moment, head), what_changed(moment, head)
    if mode is Mode.REREAD:
        watermarks = {
            name: base for name, base in watermarks.items() if name not in {t.name for t in tables}
        }
        reread = reread or "a person asked for it"
    others = another_tables(moment, head) if head and not reread else {}
    is_followed = any(base.archive is None for base in watermarks.values())
    number = head.number + 1 if head else 1
    before = head.base if head else {}
    begun = {
        name: watermarks.get(name)
        or Watermark(
            snapshot=moment.snapshot.horizon.text,
            archive=ArchivePosition(),
            alone=is_followed,
            captured_at=captured_at,
            commit=number,
            landed=before[name].landed if name in before else 0,
            swept=before[name].swept if name in before else 0,
        )
        for name in {*before, *(table.name for table in tables)}
    }
    archive = [table for table in tables if begun[table.name].archive is not None]
    alone = all(begun[table.name].alone for table in archive)
    seen = _seen(moment, tables, begun) if alone else ()
    taken: dict[str, TableCapture] = {}
    left = slice_rows
    for table in tables if alone else archive:
        base = begun[table.name].model_copy(
            update={
                "commit": number,
                "captured_at": captured_at,
                "fingerprint": moment.fingerprints[table.name],
            }
        )
        if table in archive:
            taken[table.name], rows = _archive_slice(moment, table, base, left)
            left -= rows
        else:
            taken[table.name] = _increment(moment, table, base, seen)
    kept = {name: base for name, base in begun.items() if name not in taken}
    kind = "archive" if archive else "increment"
    return Capture(kind, reread, others, kept, taken)


def _archive_slice(
    moment: SourceSnapshot, table: SourceTable, base: Watermark, limit: int
) -> tuple[TableCapture, int]:
    """Take the next rows of the archive, at most `limit`; say how many they are."""
    assert base.archive is not None  # noqa: S101 (the caller chose tables whose archive is open)
    key = sql.Identifier(table.key)
    after = base.archive.after
    beyond = (
        sql.SQL("{key} > {after}").format(key=key, after=sql.Literal(after))
        if after is not None
        else sql.SQL("true")
    )
    conditions = [beyond, sql.SQL("not {}").format(xids_since(base, moment).new_rows(()))]
    # Only rows of the archive count, so that it ends however much the shop adds meanwhile.
    walk = sql.SQL(
        "select count(*), max(key) from (select {key} as key {from_rows} and {conditions} "
        "order by {key} limit {limit}) as slice"
    ).format(
        key=key,
        from_rows=moment.from_rows_of(table),
        conditions=sql.SQL(" and ").join(conditions),
        limit=sql.Literal(limit),
    )
    ((rows, last),) = moment.fetch(walk)
    complete = rows < limit
    if last is None:
        conditions.append(sql.SQL("false"))
    elif not complete:
        conditions.append(sql.SQL("{} <= {}").format(key, sql.Literal(last)))
    place = None if complete else ArchivePosition(after=last if last is not None else after)
    query = sql.SQL("{rows} order by {key}").format(rows=_rows(moment, table, conditions), key=key)
    return (
        TableCapture(
            moment.columns[table.name],
            query,
            base.model_copy(update={"archive": place, "alone": base.alone and not complete}),
        ),
        rows,
    )


def _increment(
    moment: SourceSnapshot, table: SourceTable, base: Watermark, seen: Ranges
) -> TableCapture:
    """Take the rows that became visible since the base, whatever their stamps say."""
    window = xids_since(base, moment)
    after = base.model_copy(update={"snapshot": moment.snapshot.text, "seen": seen})
    query = _rows(moment, table, [window.new_rows(base.seen)])
    return TableCapture(moment.columns[table.name], query, after)


def _seen(
    moment: SourceSnapshot, tables: Sequence[SourceTable], watermarks: Mapping[str, Watermark]
) -> Ranges:
    """Give the transactions at or above the horizon that are over now, as far as it matters.

    The next capture's window holds them again, because one that is open now keeps the horizon
    back. What is over has become visible as a whole, in every table, be it a transaction or a
    subtransaction; so one set does for all tables, and what any of them saw before is part of it.
    Those that wrote rows have to be in it; that others join their ranges makes it short. What
    tables saw otherwise than others (in a lake begun in format 1, or where some were captured
    alone) is asked anew, so that no table gets what only another one may have met.
    """
    horizon, end = moment.snapshot.xmin, moment.snapshot.xmax
    if horizon == end:
        return ()
    before, *others = {watermarks[table.name].seen for table in tables}
    known = [] if others else difference(before, [(0, horizon - 1)])
    unknown = difference([(horizon, end - 1)], known)
    known = union(known, _committed(moment, last_of(unknown, _MAX_XIDS_ASKED)))
    seen = tuple(union(known, _met(moment, tables, known)))
    if len(seen) > _MAX_RANGES:
        raise HedgehogError(
            f"Transaction {horizon % WRAP} of the source is open for so long that what ended "
            f"beside it makes {len(seen):,} ranges of ids, and a commit holds {_MAX_RANGES:,} at "
            "most. Nothing was landed. End it (pg_stat_activity.backend_xid, "
            "pg_prepared_xacts.transaction), then run again."
        )
    return seen


def _met(moment: SourceSnapshot, tables: Sequence[SourceTable], known: KeyRanges) -> KeyRanges:
    """Give the transactions whose rows stand in tables, but for those that are known.

    A row that was frozen long ago keeps 32 bits of its id, which a later one has again: that one
    may be open still, be it in the snapshot or as a subtransaction. Before 2^32 no id comes again.
    """
    window = XidWindow(moment.snapshot.xmin, moment.snapshot.xmax)
    query = sql.SQL(
        "select distinct id from ({rows}) as held where {unknown} "
        "and id <> all({open}::bigint[]) and pg_xact_status(id::text::xid8) = 'committed'"
    ).format(
        rows=moment.rows_in(window, tables),
        unknown=not_in(known, sql.Identifier("id")),
        open=sql.Literal(list(moment.snapshot.open)),
    )
    met = _as_ranges(moment, query)
    return met if moment.snapshot.xmax <= WRAP else _below_ended(moment, met)


def _committed(moment: SourceSnapshot, among: KeyRanges) -> KeyRanges:
    """Give those of some transactions of which it is sure that the snapshot sees them.

    PostgreSQL tells how each stands now, and tells no reader whose subtransaction it is. A
    transaction that was open in the snapshot and still is has no subtransaction that has committed;
    one that has ended since may have, with ids above its own. That one was rolled back proves
    nothing: PostgreSQL says so as well of a subtransaction that has just begun, in a transaction
    with more than 64 of them.
    """
    if not among:
        return ()
    firsts, lasts = (list(edges) for edges in zip(*among, strict=True))
    committed = sql.SQL(
        "select id from unnest({firsts}::bigint[], {lasts}::bigint[]) as ids(first, last), "
        "generate_series(first, last) as id where pg_xact_status(id::text::xid8) = 'committed'"
    ).format(firsts=sql.Literal(firsts), lasts=sql.Literal(lasts))
    return _below_ended(moment, _as_ranges(moment, committed))


def _as_ranges(moment: SourceSnapshot, ids: sql.Composed) -> KeyRanges:
    """Ask for transactions; each run of consecutive ones comes as one row."""
    query = sql.SQL(
        "select min(id), max(id) from (select id, id - row_number() over (order by id) as island "
        "from ({}) as ids) as numbered group by island"
    ).format(ids)
    return union(moment.fetch(query))  # type: ignore[arg-type]


def _below_ended(moment: SourceSnapshot, committed: KeyRanges) -> KeyRanges:
    """Leave out what may be of a transaction that was open in the snapshot and has ended since."""
    ended = sql.SQL(
        "select min(id) from unnest({open}::bigint[]) as id "
        "where pg_xact_status(id::text::xid8) is distinct from 'in progress'"
    ).format(open=sql.Literal(list(moment.snapshot.open)))
    ((first_ended,),) = moment.fetch(ended)  # asked last: who is open then was open before
    return committed if first_ended is None else below(committed, first_ended)


def _rows(
    moment: SourceSnapshot, table: SourceTable, conditions: Sequence[sql.Composable]
) -> sql.Composed:
    return sql.SQL("select {columns} {from_rows} and {conditions}").format(
        columns=sql.SQL(", ").join(map(sql.Identifier, moment.columns[table.name])),
        from_rows=moment.from_rows_of(table),
        conditions=sql.SQL(" and ").join(conditions),
    )
