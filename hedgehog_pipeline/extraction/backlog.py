"""Which source tables have changes that have not landed yet."""

from collections import defaultdict
from collections.abc import Mapping, Sequence

from psycopg import sql

from hedgehog_pipeline.extraction.snapshot import not_in
from hedgehog_pipeline.extraction.source import SourceSnapshot
from hedgehog_pipeline.extraction.source_identity import known_watermarks, xids_since
from hedgehog_pipeline.lake.commits import IngestionCommit, Ranges, Watermark
from hedgehog_pipeline.model.tables import SourceTable


def changed_tables(
    snapshot: SourceSnapshot, head: IngestionCommit | None, tables: Sequence[SourceTable]
) -> tuple[str, ...]:
    """Return the names of the tables of which a capture would land something.

    If the text of the snapshot equals that of the watermark, nothing new is visible and no scan is
    needed. Otherwise the tables are scanned, all tables of one watermark in one query: other
    databases of the cluster change the text too.
    """
    watermarks = known_watermarks(snapshot, head)
    to_scan = {
        table: watermark
        for table in tables
        if (watermark := watermarks.get(table.name))
        and watermark.archive is None
        and watermark.snapshot != snapshot.pg_snapshot.text
    }
    changed = _with_new_rows(snapshot, to_scan)
    return tuple(
        table.name
        for table in tables
        if table.name in changed
        or (watermark := watermarks.get(table.name)) is None
        or watermark.archive is not None
    )


def _with_new_rows(
    snapshot: SourceSnapshot, watermarks: Mapping[SourceTable, Watermark]
) -> set[str]:
    """Return the tables with rows newer than their watermark; most tables share one watermark."""
    by_watermark: dict[tuple[str, Ranges], list[SourceTable]] = defaultdict(list)
    for table, watermark in watermarks.items():
        by_watermark[watermark.snapshot, watermark.seen].append(table)
    changed: set[str] = set()
    for (_, seen), tables in by_watermark.items():
        rows = snapshot.rows_in(xids_since(watermarks[tables[0]], snapshot), tables)
        query = sql.SQL("select distinct name from ({rows}) as writers where {unseen}")
        names = snapshot.fetch(query.format(rows=rows, unseen=not_in(seen, sql.Identifier("id"))))
        changed.update(name for (name,) in names)
    return changed
