"""The warehouse's foreign keys: absent during the initial load, enforced from then on.

Nine foreign keys slow a bulk load to a tenth of its speed (docs/design.md, "Measured"). Their
absence is the only mark of an initial load in progress, so no flag can disagree with the tables.
"""

from collections.abc import Mapping

from psycopg import Connection, sql
from psycopg.errors import ForeignKeyViolation

from hedgehog_pipeline.model.tables import StarTable
from hedgehog_pipeline.postgres.identifiers import identifiers
from hedgehog_pipeline.storage.ddl import (
    Reference,
    add_foreign_key,
    foreign_keys,
    references,
)
from hedgehog_pipeline.storage.upsert import infer_members


def is_building(connection: Connection, star: Mapping[str, StarTable]) -> bool:
    """Return whether no declared foreign key exists; one alone may be lost, or newly declared."""
    return not _present(connection, star)


def is_initial_load_complete(connection: Connection) -> bool:
    """Return whether the initial load is complete.

    It is complete when a commit that ends it is loaded and no commit before that one is missing.
    """
    row = connection.execute(
        "select exists (select from (select archive_complete, number, row_number() over "
        "(order by number) as place from hedgehog.commits) as stored "
        "where archive_complete and number = place)"
    ).fetchone()
    return row is not None and bool(row[0])


def enforce_foreign_keys(connection: Connection, star: Mapping[str, StarTable]) -> int:
    """Add and validate the missing foreign keys once the initial load is complete.

    Analyzes the tables first: with stale statistics PostgreSQL validates a key by a nested loop.

    Returns:
        How many members were inferred.
    """
    present = _present(connection, star)
    absent = [each for each in references(star) if (each[0].name, each[1].name) not in present]
    if not absent or not is_initial_load_complete(connection):
        return 0
    connection.execute(sql.SQL("analyze {}").format(identifiers(star)))
    return sum(_enforce(connection, reference) for reference in absent)


def _enforce(connection: Connection, reference: Reference) -> int:
    """Add a foreign key; infer missing members only if its validation fails."""
    add = add_foreign_key(*reference)
    try:
        with connection.transaction():
            connection.execute(add)
    except ForeignKeyViolation:
        inferred = infer_members(connection, [reference], staged=False)
        connection.execute(add)
        return inferred
    return 0


def _present(connection: Connection, star: Mapping[str, StarTable]) -> set[tuple[str, str]]:
    """Return the tables and columns whose declared foreign key exists."""
    found = connection.execute(foreign_keys(references(star)))
    return {(table, column) for table, column, _ in found}
