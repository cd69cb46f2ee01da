"""The open quarantine entries are the same, whatever the order of the loads."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import permutations

import pyarrow as pa
import pytest

from hedgehog_pipeline.lake.commits import Part, PartKind, ProcessedCommit
from hedgehog_pipeline.model.side_tables import (
    QUARANTINE_ARROW,
    RESOLUTIONS_ARROW,
    TOMBSTONES_ARROW,
)
from hedgehog_pipeline.model.tables import StarTable
from hedgehog_pipeline.storage.warehouse import Warehouse
from hedgehog_pipeline_tests.support.demo_model import STAR
from hedgehog_pipeline_tests.support.lake_making import processed_commit
from hedgehog_pipeline_tests.support.world import World

_OPEN = (
    "select key, ingestion_commit, column_name from hedgehog.open_quarantine "
    "order by ingestion_commit, key, column_name"
)
_EMPTY = (
    "truncate hedgehog.commits, hedgehog.quarantine, hedgehog.readmitted, hedgehog.restated, "
    "hedgehog.tombstones, dim_currency"
)


@pytest.fixture
def warehouse(world: World) -> Iterator[Warehouse]:
    """A warehouse without rows."""
    with world.deployment.warehouse() as warehouse:
        warehouse.prepare()
        yield warehouse


@dataclass(frozen=True)
class _Commit:
    """A processed commit of one star table, made from one ingestion commit."""

    number: int
    source: int
    table: str = "dim_currency"
    kind: str = "processed"
    valid: Sequence[int] = ()
    bad: Sequence[tuple[str, str]] = ()
    resolved: Sequence[str] = ()
    deleted: Sequence[int] = ()

    @property
    def commit(self) -> ProcessedCommit:
        part = Part(asset=f"star/{self.table}", key="k", rows=1, bytes=1, columns=())
        return processed_commit(self.number, f"batch-{self.number}").model_copy(
            update={
                "kind": self.kind,
                "sources": ((self.source, "a-batch"),),
                "tables": (self.table,),
                "parts": (part,) if self.valid or self.bad or self.resolved or self.deleted else (),
                "archive_complete": False,
            }
        )

    def parts_of(
        self, table: StarTable, commit: ProcessedCommit, kind: PartKind
    ) -> Iterator[pa.Table]:
        assert (table.name, commit.number) == (self.table, self.number)
        subject = table.subject or ""
        rows = {
            "rows": (table.arrow, [_currency(key, self.source) for key in self.valid]),
            "tombstones": (
                TOMBSTONES_ARROW,
                [{"key": key, "ingestion_commit": self.source} for key in self.deleted],
            ),
            "quarantine": (
                QUARANTINE_ARROW,
                [_entry(subject, key, column, self.source) for key, column in self.bad],
            ),
            "readmitted": (
                RESOLUTIONS_ARROW,
                [
                    {"table_name": subject, "key": key, "ingestion_commit": self.source}
                    for key in self.resolved
                ],
            ),
        }
        schema, found = rows[kind]
        yield pa.Table.from_pylist(found, schema=schema)


def _currency(key: int, commit: int) -> dict[str, object]:
    return {
        "currency_id": key,
        "currency_code": "GBP",
        "currency_name": "Pound Sterling",
        "ingestion_commit": commit,
        "deleted": False,
    }


def _entry(table: str, key: str, column: str, commit: int) -> dict[str, object]:
    return {
        "table_name": table,
        "key": key,
        "ingestion_commit": commit,
        "part": f"part-of-{commit}",
        "line": len(key),
        "column_name": column,
        "value": "x",
        "reason": "is not right",
    }


_STAFF = "dim_staff"
_PAYMENT = "fact_payment"


@pytest.mark.parametrize(
    ("commits", "open_entries"),
    [
        ([_Commit(1, 5, bad=[("1", "a"), ("x", "a")])], [("1", 5, "a"), ("x", 5, "a")]),
        (
            [
                _Commit(1, 5, bad=[("1", "a"), ("2", "a")]),
                _Commit(2, 6, valid=[2, 3]),
            ],
            [("1", 5, "a")],
        ),
        (
            [_Commit(1, 5, bad=[("1", "a")]), _Commit(2, 4, valid=[1])],
            [("1", 5, "a")],
        ),
        (
            [_Commit(1, 5, bad=[("1", "a")], valid=[2]), _Commit(2, 5, valid=[1])],
            [("1", 5, "a")],
        ),
        (
            [
                _Commit(1, 5, bad=[("1", "a"), ("1", "b"), ("2", "a")]),
                _Commit(2, 6, bad=[("1", "a")]),
                _Commit(3, 5, kind="restatement", valid=[2], bad=[("1", "b")]),
            ],
            [("1", 5, "b"), ("1", 6, "a")],
        ),
        (
            [
                _Commit(1, 5, _STAFF, bad=[("1", "a"), ("2", "a"), ("3", "a")]),
                _Commit(2, 6, _STAFF, resolved=["1"]),
                _Commit(3, 4, _STAFF, resolved=["2"]),
                _Commit(4, 6, resolved=["3"]),
            ],
            [("2", 5, "a"), ("3", 5, "a")],
        ),
        (
            [
                _Commit(1, 5, _STAFF, bad=[("1", "a")]),
                _Commit(2, 5, _STAFF, "restatement"),
            ],
            [],
        ),
        (
            [
                _Commit(1, 5, _STAFF, bad=[("1", "a")]),
                _Commit(2, 5, kind="restatement", valid=[1]),
            ],
            [("1", 5, "a")],
        ),
        (
            [
                _Commit(1, 5, _PAYMENT, bad=[("1", "a"), ("3000000000", "a"), ("2", "a")]),
                _Commit(2, 6, _PAYMENT, deleted=[1, 3_000_000_000]),
                _Commit(3, 4, _PAYMENT, deleted=[2]),
                _Commit(4, 7, _PAYMENT, bad=[("1", "a")]),
            ],
            [("2", 5, "a"), ("1", 7, "a")],
        ),
    ],
)
def test_open_entries_do_not_depend_on_the_order_of_loads(
    warehouse: Warehouse, commits: list[_Commit], open_entries: list[tuple[str, int, str]]
) -> None:
    for order in permutations(commits):
        warehouse.connection.execute(_EMPTY)
        for made in [*order, order[0]]:
            warehouse.load(made.commit, list(STAR.values()), made.parts_of)
        assert warehouse.connection.execute(_OPEN).fetchall() == open_entries


def test_a_load_of_other_tables_closes_no_entry(warehouse: Warehouse) -> None:
    first, again = (
        _Commit(1, 5, bad=[("1", "a")]),
        _Commit(2, 5, kind="restatement", valid=[2]),
    )
    warehouse.load(first.commit, [STAR["dim_currency"]], first.parts_of)
    warehouse.load(again.commit, [STAR["dim_design"]], again.parts_of)
    assert warehouse.connection.execute(_OPEN).fetchall() == [("1", 5, "a")]
    warehouse.load(again.commit, [STAR["dim_currency"]], again.parts_of)
    assert warehouse.connection.execute(_OPEN).fetchall() == []
