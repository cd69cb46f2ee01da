"""Whether the shop holds something that is not landed yet."""

from collections.abc import Sequence

from psycopg import sql

from hedgehog_pipeline.extraction.another_source import known_bases, window_since
from hedgehog_pipeline.extraction.source import Moment
from hedgehog_pipeline.lake.commits import Base, IngestionCommit
from hedgehog_pipeline.schema.shop import ShopTable


def has_changes(moment: Moment, head: IngestionCommit | None, tables: Sequence[ShopTable]) -> bool:
    """Tell whether a capture would land something.

    An equal snapshot text means that nothing new is visible, which costs no scan. Otherwise the
    tables are asked; other databases of the same cluster move the text as well.
    """
    bases = known_bases(moment, head)
    return any(
        table.name not in bases or _has_changed(moment, table, bases[table.name])
        for table in tables
    )


def _has_changed(moment: Moment, table: ShopTable, base: Base) -> bool:
    if base.archive is not None:
        return True
    if base.snapshot == moment.snapshot.text:
        return False
    query = sql.SQL("select exists (select from {name} where {new})").format(
        name=sql.Identifier(table.name), new=window_since(base, moment).new_rows(base.seen)
    )
    ((changed,),) = moment.fetch(query)
    return changed
