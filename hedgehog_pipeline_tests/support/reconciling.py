"""Helpers to reconcile: an equal source and warehouse, changes to either, and the result."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timezone

import psycopg

from hedgehog_pipeline.lake.batch import Batch, batch_id
from hedgehog_pipeline.lake.commits import IngestionCommit, IngestionKind
from hedgehog_pipeline.reconciliation.reconcile import reconcile
from hedgehog_pipeline.reconciliation.result import Reconciled
from hedgehog_pipeline_tests.support.demo_model import RECONCILED, SOURCE
from hedgehog_pipeline_tests.support.world import World

MISSING = "missing in the warehouse"
SURPLUS = "surplus in the warehouse"
DIFFERENT = "different"

Found = dict[str, list[tuple[str, str | None, list[tuple[int, int]]]]]
"""For each table that differs: how, why, which keys."""

_OWN = """
    insert into department values (90, 'Trade', 'Leeds', null, 'now', 'now');
    insert into address values
        (90, '1 Mill Lane', null, null, 'Leeds', 'LS1 1AA', 'England', '0113', 'now', 'now');
    insert into staff values (90, 'Ada', 'Byron', 90, 'ada@example.com', 'now', 'now');
    insert into counterparty values (90, 'Fahey and Sons', 90, null, null, 'now', 'now');
    insert into sales_order values
        (90, 'now', 'now', 1, 90, 90, 1500, 2.43, 1, '2026-06-08', '2026-06-05', 90);
    insert into transaction values (90, 'SALE', 90, null, 'now', 'now');
    insert into payment values
        (90, 'now', 'now', 90, 90, 300.25, 1, 1, false, '2026-06-05', 52923196, 32957646)
"""
"""Rows whose values the tests know; their keys leave a gap after those of the initial load."""

_DELETE_OWN = """
    delete from payment where payment_id = 90;
    delete from transaction where transaction_id = 90;
    delete from sales_order where sales_order_id = 90
"""


def seed(world: World) -> World:
    """Load a shop of 60 orders, and an order with the key 90, into the warehouse."""
    world.load_archive(60)
    world.shop.execute(_OWN)
    world.run()
    return world


def delete_own_order(world: World) -> None:
    world.shop.execute(_DELETE_OWN)


def reconciled(world: World, *tables: str) -> list[Reconciled]:
    deployment = world.deployment
    with deployment.warehouse() as warehouse:
        source, wanted = (
            deployment.source.open_snapshot,
            [RECONCILED[t] for t in tables or RECONCILED],
        )
        return list(reconcile(deployment.lake, warehouse, source, wanted))


def found_in(tables: Sequence[Reconciled]) -> Found:
    assert all(table.comparison is not None for table in tables)
    return {
        table.table: [(d.what, d.why, list(d.keys)) for d in table.differences]
        for table in tables
        if table.differences
    }


def differences(world: World, *tables: str) -> Found:
    return found_in(reconciled(world, *tables))


def by_hand(world: World, statements: str) -> None:
    """Change the warehouse as Hedgehog never does."""
    dsn = world.servers.postgres.dsn(world.warehouse_database)
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute(statements.encode())


def changed_unseen(world: World, statement: str) -> None:
    """Change the source, and append a capture to the log that covers the change but has no row."""
    world.shop.execute(statement.encode())
    with world.deployment.source.open_snapshot(list(SOURCE.values())) as snapshot:
        covered = {"snapshot": snapshot.pg_snapshot.text, "seen": ()}
    _append(world, "increment", **covered)
    world.run()


def append(world: World, kind: IngestionKind, source: str = "", **rows: str) -> None:
    """Append a commit to the ingestion log, with the CSV of some tables."""
    _append(world, kind, source, rows)


def _append(
    world: World,
    kind: IngestionKind,
    source: str = "",
    rows: Mapping[str, str] | None = None,
    **watermark: object,
) -> None:
    rows = rows or {}
    log, now = world.deployment.lake.ingestion, datetime.now(timezone.utc)
    head = log.head()
    assert head is not None
    batch = Batch(batch_id(now), now.date(), log.bucket, "csv")
    for table, csv in rows.items():
        columns = csv.partition("\n")[0].split(",")
        batch.write(f"oltp/{table}", "rows", csv.encode(), rows=1, columns=columns)
    number = head.number + 1
    watermarks = {name: known.model_copy(update=watermark) for name, known in head.base.items()}
    landed = {name: watermarks[name].model_copy(update={"landed": number}) for name in rows}
    changes = {
        "number": number,
        "previous": head.batch,
        "batch": batch.id,
        "kind": kind,
        "parts": tuple(batch.parts),
        "source": source or head.source,
        "base": {**watermarks, **landed},
    }
    commit: IngestionCommit = head.model_copy(update=changes)
    assert log.append(lambda _: commit) == commit
