"""Checks that the source and its tables are those captured before, and names what changed if not.

The result of a SELECT may change without a row being written: an enum label or a column is
renamed, or another table takes the name. Then increments show nothing, and the table needs a full
refresh.
"""

from collections.abc import Iterator, Sequence

from psycopg import sql

from hedgehog_pipeline.extraction.snapshot import PgSnapshot, XidWindow
from hedgehog_pipeline.extraction.source import SourceSnapshot
from hedgehog_pipeline.lake.commits import IngestionCommit, Watermark

_PARTS = ("system identifier", "timeline", "database oid")
"""The parts of a source's identity."""


def known_watermarks(
    snapshot: SourceSnapshot, head: IngestionCommit | None
) -> dict[str, Watermark]:
    """Return the watermarks that increments can start from; a table without one is read in full.

    No watermark is valid if the source is another one, or its transaction counter went back or
    wrapped around. The watermark of a table is not valid if its definition changed.
    """
    if head is None or head.source != snapshot.identity:
        return {}
    redefined = redefined_tables(snapshot, head)
    return {
        name: watermark
        for name, watermark in head.base.items()
        if name not in redefined and not _counter_broke(watermark, snapshot)
    }


def what_changed(snapshot: SourceSnapshot, head: IngestionCommit | None) -> str | None:
    """Return why the watermarks of the last commit are not valid any more, None if they are."""
    if head is None:
        return None
    pairs = zip(_PARTS, head.source.split("/"), snapshot.identity.split("/"), strict=True)
    changes = [f"{part} changed from {was} to {now}" for part, was, now in pairs if was != now]
    if not changes:
        changes = [
            f"transaction counter {broke}"
            for watermark in head.base.values()
            if (broke := _counter_broke(watermark, snapshot))
        ][:1]
    return f"the source's {' and its '.join(changes)}" if changes else None


def redefined_tables(snapshot: SourceSnapshot, head: IngestionCommit) -> dict[str, str]:
    """Return the tables whose definition changed since the last commit, each with the reason.

    A watermark written before fingerprints were recorded does not show such a change.
    """
    return {
        name: (
            f"{name} was redefined after commit {watermark.commit} "
            f"({watermark.captured_at:%Y-%m-%d %H:%M} UTC): {' and '.join(changes)}"
        )
        for name, watermark in head.base.items()
        if name in snapshot.fingerprints and (changes := list(_changes(snapshot, name, watermark)))
    }


def xids_since(watermark: Watermark, snapshot: SourceSnapshot) -> XidWindow:
    """Return the transactions from a watermark's horizon up to a snapshot."""
    return XidWindow(PgSnapshot(watermark.snapshot).xmin, snapshot.pg_snapshot.xmax)


def _changes(snapshot: SourceSnapshot, name: str, watermark: Watermark) -> Iterator[str]:
    """Yield the changes of a table by which its rows read differently, or other rows are in it.

    A new label of an enum is no such change: no row has it yet.
    """
    was, now = watermark.fingerprint, snapshot.fingerprints[name]
    if was is None:
        return
    if was.table != now.table:
        yield "another table has its name"
    for column, definition in now.columns.items():
        if column not in was.columns:
            yield f"column {column} was declared"
        elif was.columns[column] != definition:
            yield f"column {column} was replaced"
    renamed = [label for oid, label in was.labels.items() if now.labels.get(oid, label) != label]
    if renamed:
        yield f"enum labels were renamed ({', '.join(map(repr, renamed))})"
    attached = sorted(oid for oid, _ in now.partitions.items() - was.partitions.items())
    if was.table == now.table and _grew(snapshot, name, watermark, attached):
        yield "a partition was attached with its rows"


def _grew(
    snapshot: SourceSnapshot, name: str, watermark: Watermark, attached: Sequence[int]
) -> bool:
    """Return whether partitions have rows that no increment reads: from before they were attached.

    The query goes through the parent table: a SELECT of the partition itself would need a right of
    its own. It reads the other partitions too, so it does not run where the size shows no rows.
    """
    if not attached:
        return False
    query = sql.SQL(
        "select case when (select sum(pg_relation_size(oid)) from unnest({attached}) as oid) > 0 "
        "then exists (select from {name} where tableoid = any({attached}) and not {new}) "
        "else false end"
    ).format(
        attached=sql.SQL("{}::oid[]").format(sql.Literal(attached)),
        name=sql.Identifier(name),
        new=xids_since(watermark, snapshot).new_rows(watermark.seen),
    )
    ((grew,),) = snapshot.fetch_once(query)
    return grew


def _counter_broke(watermark: Watermark, snapshot: SourceSnapshot) -> str | None:
    """Return how the transaction counter invalidates a watermark, None if it does not."""
    was, now = PgSnapshot(watermark.snapshot).xmax, snapshot.pg_snapshot.xmax
    if now < was:
        return f"went back from {was} to {now}"
    if xids_since(watermark, snapshot).wraps:
        return f"wrapped around from {was} to {now}"
    return None
