"""A joined dimension comes out the same however its commits are grouped and ordered."""

from collections.abc import Collection
from dataclasses import replace
from itertools import pairwise
from unittest.mock import patch

from hypothesis import given, settings
from hypothesis import strategies as st

from hedgehog_pipeline.lake import landed
from hedgehog_pipeline.lake.commits import IngestionCommit
from hedgehog_pipeline.lake.landed import LandedTable
from hedgehog_pipeline.lake.log import CommitLog
from hedgehog_pipeline.model.source import SOURCE
from hedgehog_pipeline.model.star import STAR
from hedgehog_pipeline.processing.transform import transform
from hedgehog_pipeline_tests.lake.making import MemoryS3, land

_KEYS = st.integers(1, 3)
_STAFF = st.dictionaries(_KEYS, st.tuples(st.sampled_from("abc"), _KEYS), max_size=3)
_DEPARTMENTS = st.dictionaries(_KEYS, st.sampled_from("PQR"), max_size=3)
_STAMP = "2026-06-01 09:30:00"


_CHANGES = st.lists(st.tuples(_STAFF, _DEPARTMENTS), min_size=1, max_size=7)
_SPOILED = st.sets(st.tuples(st.integers(1, 7), st.sampled_from(["staff", "department"])))
"""Number of a commit, and the table of which its rows lack a stamp."""

_MANY = st.sampled_from([1, 3, 20])
"""Commits of a history from which on a checkpoint is kept."""

Change = tuple[dict[int, tuple[str, int]], dict[int, str]]
Join = dict[int, tuple[str, str]]
Log = CommitLog[IngestionCommit]


class Dimension:
    """A warehouse's dim_staff: the greatest pair of commits wins."""

    def __init__(self, log: Log, many: int) -> None:
        self._many = many
        self._inputs = {
            name: LandedTable(log, SOURCE[name], log.bucket) for name in ("staff", "department")
        }
        self._held: dict[int, tuple[tuple[int, int], tuple[str, str]]] = {}
        self._processed = 0

    def mend(self) -> None:
        """Declare that any column may be absent."""
        for name, held in self._inputs.items():
            columns = tuple(replace(column, nullable=True) for column in held.table.columns)
            self._inputs[name] = replace(held, table=replace(held.table, columns=columns))

    def take(self, commits: list[IngestionCommit], restated: int = 0) -> None:
        self._processed += 1
        with patch.object(landed, "_MANY_COMMITS", self._many):
            made = transform(STAR["dim_staff"], self._inputs, commits, restated=restated)
            parts = list(made.rows)
        for part in parts:
            for row in part.to_pylist():
                pair, key = (row["ingestion_commit"], self._processed), row["staff_id"]
                if key not in self._held or pair > self._held[key][0]:
                    self._held[key] = (pair, (row["first_name"], row["department_name"]))

    def rows(self) -> Join:
        return {key: row for key, (_, row) in self._held.items()}


@settings(max_examples=60, deadline=None)
@given(changes=_CHANGES, many=_MANY, data=st.data())
def test_any_order_and_grouping_gives_the_newest_join(
    changes: list[Change], many: int, data: st.DataObject
) -> None:
    log, commits, joins = _landed(changes)
    order = data.draw(st.permutations(commits))
    cuts = data.draw(st.sets(st.integers(1, max(1, len(order) - 1))))
    dimension = Dimension(log, many)
    for begin, end in pairwise([0, *sorted(cuts), len(order)]):
        dimension.take(sorted(order[begin:end], key=lambda commit: commit.number))
    assert dimension.rows() == joins[-1]


@settings(max_examples=30, deadline=None)
@given(changes=_CHANGES, many=_MANY)
def test_each_commit_brings_the_join_of_its_moment_although_more_has_landed(
    changes: list[Change], many: int
) -> None:
    log, commits, joins = _landed(changes)
    dimension = Dimension(log, many)
    for commit, join in zip(commits, joins, strict=True):
        dimension.take([commit])
        assert dimension.rows() == join


@settings(max_examples=60, deadline=None)
@given(changes=_CHANGES, spoiled=_SPOILED, many=_MANY, data=st.data())
def test_spoiled_commits_taken_again_once_they_can_be_read_give_the_newest_join(
    changes: list[Change], spoiled: set[tuple[int, str]], many: int, data: st.DataObject
) -> None:
    log, commits, joins = _landed(changes, spoiled)
    dimension = Dimension(log, many)
    for commit in data.draw(st.permutations(commits)):
        dimension.take([commit])
    dimension.mend()
    numbers = {number for number, _ in spoiled}
    for commit in data.draw(st.permutations([c for c in commits if c.number in numbers])):
        dimension.take([commit], restated=len(commits))
    assert dimension.rows() == joins[-1]


def test_a_mended_row_that_left_its_parent_before_that_one_changed_wins() -> None:
    changes: list[Change] = [({1: ("a", 1)}, {}), ({1: ("a", 2)}, {}), ({}, {1: "P"})]
    log, commits, joins = _landed(changes, {(2, "staff")})
    dimension = Dimension(log, many=20)
    for commit in commits:
        dimension.take([commit])
    assert dimension.rows() == {1: ("a", "P")}
    dimension.mend()
    dimension.take([commits[1]], restated=3)
    assert dimension.rows() == joins[-1] == {1: ("a", "Not known")}


def _landed(
    changes: list[Change], spoiled: Collection[tuple[int, str]] = ()
) -> tuple[Log, list[IngestionCommit], list[Join]]:
    """Land each change as a commit; the commits, and the direct join after each."""
    log: Log = CommitLog(MemoryS3().bucket(), IngestionCommit)
    staff: dict[int, tuple[str, int]] = {}
    departments: dict[int, str] = {}
    commits, joins = list[IngestionCommit](), list[Join]()
    for number, (new_staff, new_departments) in enumerate(changes, start=1):
        staff |= new_staff
        departments |= new_departments
        tables: dict[str, bytes] = {}
        if new_staff:
            tables["staff"] = _staff(new_staff, spoiled=(number, "staff") in spoiled)
        if new_departments:
            bad = (number, "department") in spoiled
            tables["department"] = _departments(new_departments, spoiled=bad)
        commits.append(land(log, tables))
        joined = {
            key: (name, departments.get(at, "Not known")) for key, (name, at) in staff.items()
        }
        joins.append(joined)
    return log, commits, joins


def _staff(rows: dict[int, tuple[str, int]], *, spoiled: bool) -> bytes:
    header = "staff_id,first_name,last_name,department_id,email_address,created_at,last_updated"
    lines = [
        f"{key},{name},x,{department},x,{'' if spoiled else _STAMP},{_STAMP}"
        for key, (name, department) in rows.items()
    ]
    return "\n".join([header, *lines, ""]).encode()


def _departments(rows: dict[int, str], *, spoiled: bool) -> bytes:
    header = "department_id,department_name,location,manager,created_at,last_updated"
    lines = [f"{key},{name},,,{'' if spoiled else _STAMP},{_STAMP}" for key, name in rows.items()]
    return "\n".join([header, *lines, ""]).encode()
