"""The warehouse's foreign keys: absent while the archive is on its way, enforced ever after.

Nine of them hold a bulk load to a tenth of its speed (docs/design.md, "Measured"). That they are
absent is all that says "building", so no flag can disagree with the tables.
"""

from psycopg import Connection, sql
from psycopg.errors import ForeignKeyViolation

from hedgehog_pipeline.model.star import STAR
from hedgehog_pipeline.storage.ddl import (
    Reference,
    add_foreign_key,
    foreign_keys,
    listed,
    references,
)
from hedgehog_pipeline.storage.upsert import infer_members


def is_building(connection: Connection) -> bool:
    """Tell whether no declared foreign key is there; one alone may be lost, or newly declared."""
    return not _present(connection)


def holds_archive(connection: Connection) -> bool:
    """Tell whether the whole archive is loaded.

    It is when a commit with a complete archive is loaded and no commit before it is missing.
    """
    row = connection.execute(
        "select exists (select from (select archive_complete, number, row_number() over "
        "(order by number) as place from hedgehog.commits) as held "
        "where archive_complete and number = place)"
    ).fetchone()
    return row is not None and bool(row[0])


def complete_archive(connection: Connection) -> int:
    """Add and validate the foreign keys that are absent if the whole archive is loaded.

    Statistics come first: with stale ones PostgreSQL validates a key by a nested loop.

    Returns:
        How many members were inferred.
    """
    present = _present(connection)
    absent = [each for each in references() if (each[0].name, each[1].name) not in present]
    if not absent or not holds_archive(connection):
        return 0
    connection.execute(sql.SQL("analyze {}").format(listed(STAR)))
    return sum(_enforce(connection, reference) for reference in absent)


def _enforce(connection: Connection, reference: Reference) -> int:
    """Add a foreign key; only where rows want for members are they looked for and inferred."""
    add = add_foreign_key(*reference)
    try:
        with connection.transaction():
            connection.execute(add)
    except ForeignKeyViolation:
        inferred = infer_members(connection, [reference], staged=False)
        connection.execute(add)
        return inferred
    return 0


def _present(connection: Connection) -> set[tuple[str, str]]:
    """Name the tables and columns whose declared foreign key is there."""
    return {(table, column) for table, column, _ in connection.execute(foreign_keys(references()))}
