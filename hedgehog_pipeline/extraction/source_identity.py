"""Whether the source and its tables are those that were captured before, and what changed if not.

What a SELECT of a table gives may change while no row is written: a label of an enum, the names of
columns, the table itself. Then its increments tell nothing, and it is read in full again.
"""

from collections.abc import Iterator, Sequence

from psycopg import sql

from hedgehog_pipeline.extraction.snapshot import PgSnapshot, XidWindow
from hedgehog_pipeline.extraction.source import SourceSnapshot
from hedgehog_pipeline.lake.commits import IngestionCommit, Watermark

_PARTS = ("system identifier", "timeline", "database oid")
"""What the identity of a source is made of."""


def known_watermarks(moment: SourceSnapshot, head: IngestionCommit | None) -> dict[str, Watermark]:
    """Give the watermarks from which increments can be told; a table without one is read in full.

    None holds when the source is another one, or its transaction counter went back or round, and
    that of a table when it is another table.
    """
    if head is None or head.source != moment.identity:
        return {}
    others = another_tables(moment, head)
    return {
        name: base
        for name, base in head.base.items()
        if name not in others and not _counter_broke(base, moment)
    }


def what_changed(moment: SourceSnapshot, head: IngestionCommit | None) -> str | None:
    """Say why watermarks of the last commit do not hold any more, None where all of them do."""
    if head is None:
        return None
    pairs = zip(_PARTS, head.source.split("/"), moment.identity.split("/"), strict=True)
    changes = [f"{part} changed from {was} to {now}" for part, was, now in pairs if was != now]
    if not changes:
        changes = [
            f"transaction counter went {broke}"
            for base in head.base.values()
            if (broke := _counter_broke(base, moment))
        ][:1]
    return f"the source's {' and its '.join(changes)}" if changes else None


def another_tables(moment: SourceSnapshot, head: IngestionCommit) -> dict[str, str]:
    """Name the tables that are not those of the last commit any more, each with a sentence why.

    A base that was written before fingerprints were kept tells nothing of its table.
    """
    return {
        name: (
            f"{name} is another table since commit {base.commit} "
            f"({base.captured_at:%Y-%m-%d %H:%M} UTC): {' and '.join(changes)}"
        )
        for name, base in head.base.items()
        if name in moment.fingerprints and (changes := list(_changes(moment, name, base)))
    }


def xids_since(base: Watermark, moment: SourceSnapshot) -> XidWindow:
    """Give the transactions from a base's horizon up to a moment."""
    return XidWindow(PgSnapshot(base.snapshot).xmin, moment.snapshot.xmax)


def _changes(moment: SourceSnapshot, name: str, base: Watermark) -> Iterator[str]:
    """Say what changed of a table so that its rows read otherwise, or others are there.

    A new label of an enum is in no row yet.
    """
    was, now = base.fingerprint, moment.fingerprints[name]
    if was is None:
        return
    if was.table != now.table:
        yield "another one has its name"
    for column, told in now.columns.items():
        if column not in was.columns:
            yield f"{column} is declared since"
        elif was.columns[column] != told:
            yield f"{column} is another column"
    renamed = [label for oid, label in was.labels.items() if now.labels.get(oid, label) != label]
    if renamed:
        yield f"its enums have no {', '.join(map(repr, renamed))} any more"
    attached = now.partitions.items() - was.partitions.items()
    if was.table == now.table and _grew(moment, name, base, sorted(oid for oid, _ in attached)):
        yield "a partition came with its rows"


def _grew(moment: SourceSnapshot, name: str, base: Watermark, attached: Sequence[int]) -> bool:
    """Tell whether partitions hold rows that no increment takes: from before they were attached.

    CaptureRequest by way of the table, since SELECT of a partition itself needs a right of its own: that
    reads the others too, so an empty one is told by its size.
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
        new=xids_since(base, moment).new_rows(base.seen),
    )
    ((grew,),) = moment.fetch_once(query)
    return grew


def _counter_broke(base: Watermark, moment: SourceSnapshot) -> str | None:
    """Say how the transaction counter makes a base worthless, None where it does not."""
    was, now = PgSnapshot(base.snapshot).xmax, moment.snapshot.xmax
    if now < was:
        return f"back from {was} to {now}"
    if xids_since(base, moment).wraps:
        return f"a whole round from {was} to {now}"
    return None
