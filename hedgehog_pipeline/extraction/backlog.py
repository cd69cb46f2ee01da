"""Which tables of the shop hold something that is not landed yet."""

from collections import defaultdict
from collections.abc import Mapping, Sequence

from psycopg import sql

from hedgehog_pipeline.extraction.snapshot import not_in
from hedgehog_pipeline.extraction.source import SourceSnapshot
from hedgehog_pipeline.extraction.source_identity import known_watermarks, xids_since
from hedgehog_pipeline.lake.commits import IngestionCommit, Ranges, Watermark
from hedgehog_pipeline.model.source import SourceTable


def changed_tables(
    moment: SourceSnapshot, head: IngestionCommit | None, tables: Sequence[SourceTable]
) -> tuple[str, ...]:
    """Name the tables of which a capture would land something; none where nothing is new.

    An equal snapshot text means that nothing new is visible, which costs no scan. Otherwise the
    tables are asked, all of one base at once; other databases of the cluster move the text too.
    """
    watermarks = known_watermarks(moment, head)
    to_ask = {
        table: base
        for table in tables
        if (base := watermarks.get(table.name))
        and base.archive is None
        and base.snapshot != moment.snapshot.text
    }
    found = _with_new_rows(moment, to_ask)
    return tuple(
        table.name
        for table in tables
        if table.name in found
        or (base := watermarks.get(table.name)) is None
        or base.archive is not None
    )


def _with_new_rows(moment: SourceSnapshot, watermarks: Mapping[SourceTable, Watermark]) -> set[str]:
    """Give the tables with rows that are newer than their watermarks; mostly all have one."""
    alike: dict[tuple[str, Ranges], list[SourceTable]] = defaultdict(list)
    for table, base in watermarks.items():
        alike[base.snapshot, base.seen].append(table)
    found: set[str] = set()
    for (_, seen), tables in alike.items():
        rows = moment.rows_in(xids_since(watermarks[tables[0]], moment), tables)
        new = sql.SQL("select distinct name from ({rows}) as held where {unseen}")
        told = moment.fetch(new.format(rows=rows, unseen=not_in(seen, sql.Identifier("id"))))
        found.update(name for (name,) in told)
    return found
