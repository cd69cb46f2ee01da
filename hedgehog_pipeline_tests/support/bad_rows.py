"""Shared helpers of the tests of quarantined rows."""

import json
from itertools import count
from typing import Any

from psycopg import sql

from hedgehog_pipeline_tests.support.demo_model import SOURCE, STAR
from hedgehog_pipeline_tests.support.world import World

OPEN = "select table_name, key, column_name, value, reason from hedgehog.open_quarantine"
STAR_OF = {star.subject: star for star in STAR.values()}
ORDERS = "sales_order"
STAMP = "last_updated = '2026-06-02 10:00:00'"

_KEYS = count(100)


def copy_row(world: World, table: str, like: int = 1, **changes: Any) -> int:
    """Add a row like another one except for some columns; return its key."""
    key = changes.setdefault(SOURCE[table].key, next(_KEYS))
    world.shop.execute(
        sql.SQL(
            "insert into {table} select (jsonb_populate_record(model, %s::jsonb)).* "
            "from {table} as model where {key} = %s"
        ).format(table=sql.Identifier(table), key=sql.Identifier(SOURCE[table].key)),
        [json.dumps(changes), like],
    )
    return key


def alter(world: World, table: str, column: str, change: str) -> None:
    world.shop.execute(f"alter table {table} alter {column} {change}".encode())


def is_loaded(world: World, table: str, key: int) -> bool:
    """Return whether the star has the row itself, not an inferred member."""
    star = STAR_OF[table]
    found = f"select from {star.name} where {star.key.name} = %s and ingestion_commit > 0"
    return bool(world.query(found, [key]))
