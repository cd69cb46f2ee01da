"""Which tables of the shop hold something that is not landed yet."""

from collections.abc import Sequence

from psycopg import sql

from hedgehog_pipeline.extraction.another_source import known_bases, window_since
from hedgehog_pipeline.extraction.source import Moment
from hedgehog_pipeline.lake.commits import Base, IngestionCommit
from hedgehog_pipeline.schema.shop import ShopTable


def changed_tables(
    moment: Moment, head: IngestionCommit | None, tables: Sequence[ShopTable]
) -> tuple[str, ...]:
    """Name the tables of which a capture would land something; none where nothing is new.

    An equal snapshot text means that nothing new is visible, which costs no scan. Otherwise the
    tables are asked, all of them at once; other databases of the same cluster move the text too.
    """
    bases = known_bases(moment, head)
    to_ask = {
        table: base
        for table in tables
        if (base := bases.get(table.name))
        and base.archive is None
        and base.snapshot != moment.snapshot.text
    }
    found = _with_new_rows(moment, to_ask)
    return tuple(
        table.name
        for table in tables
        if table.name in found
        or (base := bases.get(table.name)) is None
        or base.archive is not None
    )


def _with_new_rows(moment: Moment, bases: dict[ShopTable, Base]) -> set[str]:
    """Give the tables with rows that are newer than their bases, in one question to the shop."""
    if not bases:
        return set()
    questions = (
        sql.SQL("select {told} where exists (select {from_rows} and {new})").format(
            told=sql.Literal(table.name),
            from_rows=moment.from_rows_of(table),
            new=window_since(base, moment).new_rows(base.seen),
        )
        for table, base in bases.items()
    )
    return {name for (name,) in moment.fetch(sql.SQL(" union all ").join(questions))}
