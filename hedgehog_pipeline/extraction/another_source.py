"""Whether the source is the one that was captured before, and in words what changed if not."""

from hedgehog_pipeline.extraction.snapshot import Snapshot, Window
from hedgehog_pipeline.extraction.source import Moment
from hedgehog_pipeline.lake.commits import Base, IngestionCommit

_PARTS = ("system identifier", "timeline", "database oid")
"""What the identity of a source is made of."""


def known_bases(moment: Moment, head: IngestionCommit | None) -> dict[str, Base]:
    """Give the bases from which increments can be told; a table without one is read in full.

    None holds when the source is another one, or its transaction counter went back or round.
    """
    if head is None or head.source != moment.identity:
        return {}
    return {name: base for name, base in head.base.items() if not _counter_broke(base, moment)}


def what_changed(moment: Moment, head: IngestionCommit | None) -> str | None:
    """Say why bases of the last commit do not hold any more, None where all of them do."""
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


def window_since(base: Base, moment: Moment) -> Window:
    """Give the transactions from a base's horizon up to a moment."""
    return Window(Snapshot(base.snapshot).xmin, moment.snapshot.xmax)


def _counter_broke(base: Base, moment: Moment) -> str | None:
    """Say how the transaction counter makes a base worthless, None where it does not."""
    was, now = Snapshot(base.snapshot).xmax, moment.snapshot.xmax
    if now < was:
        return f"back from {was} to {now}"
    if window_since(base, moment).wraps:
        return f"a whole round from {was} to {now}"
    return None
