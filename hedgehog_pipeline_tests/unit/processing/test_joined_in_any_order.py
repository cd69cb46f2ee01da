"""A joined dimension is the same for any grouping and order of its commits."""

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
from hedgehog_pipeline_tests.support.demo_model import SOURCE, TRANSFORMS
from hedgehog_pipeline_tests.support.lake_making import MemoryS3, land

_KEYS = st.integers(1, 3)
_STAFF = st.dictionaries(_KEYS, st.tuples(st.sampled_from("abc"), _KEYS), max_size=3)
_DEPARTMENTS = st.dictionaries(_KEYS, st.sampled_from("PQR"), max_size=3)
_STAMP = "2026-06-01 09:30:00"


_CHANGES = st.lists(st.tuples(_STAFF, _DEPARTMENTS), min_size=1, max_size=7)
_INVALID = st.sets(st.tuples(st.integers(1, 7), st.sampled_from(["staff", "department"])))
"""Numbers of commits, with the table whose rows lack a timestamp there."""

_MANY = st.sampled_from([1, 3, 20])
"""A history of this many commits gets a checkpoint."""

Change = tuple[dict[int, tuple[str, int]], dict[int, str]]
Join = dict[int, tuple[str, str]]
Log = CommitLog[IngestionCommit]


class Dimension:
    """The table dim_staff of a warehouse: the greatest pair of commits wins."""

    def __init__(self, log: Log, many: int) -> None:
        self._many = many
        self._inputs = {
            name: LandedTable(log, SOURCE[name], log.bucket) for name in ("staff", "department")
        }
        self._rows: dict[int, tuple[tuple[int, int], tuple[str, str]]] = {}
        self._processed = 0

    def make_nullable(self) -> None:
        """Declare all columns nullable."""
        for name, source in self._inputs.items():
            columns = tuple(replace(column, nullable=True) for column in source.table.columns)
            self._inputs[name] = replace(source, table=replace(source.table, columns=columns))

    def process(self, commits: list[IngestionCommit], restated: int = 0) -> None:
        self._processed += 1
        with patch.object(landed, "_CHECKPOINT_COMMITS", self._many):
            transformed = TRANSFORMS["dim_staff"].of_commits(
                self._inputs, commits, restated=restated
            )
            parts = list(transformed.rows)
        for part in parts:
            for row in part.to_pylist():
                pair, key = (row["ingestion_commit"], self._processed), row["staff_id"]
                if key not in self._rows or pair > self._rows[key][0]:
                    self._rows[key] = (pair, (row["first_name"], row["department_name"]))

    def rows(self) -> Join:
        return {key: row for key, (_, row) in self._rows.items()}


@settings(max_examples=20, deadline=None)
@given(changes=_CHANGES, many=_MANY, data=st.data())
def test_any_order_and_grouping_gives_the_newest_join(
    changes: list[Change], many: int, data: st.DataObject
) -> None:
    log, commits, joins = _landed(changes)
    order = data.draw(st.permutations(commits))
    cuts = data.draw(st.sets(st.integers(1, max(1, len(order) - 1))))
    dimension = Dimension(log, many)
    for begin, end in pairwise([0, *sorted(cuts), len(order)]):
        dimension.process(sorted(order[begin:end], key=lambda commit: commit.number))
    assert dimension.rows() == joins[-1]


@settings(max_examples=10, deadline=None)
@given(changes=_CHANGES, many=_MANY)
def test_each_commit_gives_the_join_as_of_that_commit_although_more_has_landed(
    changes: list[Change], many: int
) -> None:
    log, commits, joins = _landed(changes)
    dimension = Dimension(log, many)
    for commit, join in zip(commits, joins, strict=True):
        dimension.process([commit])
        assert dimension.rows() == join


@settings(max_examples=20, deadline=None)
@given(changes=_CHANGES, invalid=_INVALID, many=_MANY, data=st.data())
def test_replaying_invalid_commits_once_they_are_valid_gives_the_newest_join(
    changes: list[Change], invalid: set[tuple[int, str]], many: int, data: st.DataObject
) -> None:
    log, commits, joins = _landed(changes, invalid)
    dimension = Dimension(log, many)
    for commit in data.draw(st.permutations(commits)):
        dimension.process([commit])
    dimension.make_nullable()
    numbers = {number for number, _ in invalid}
    for commit in data.draw(st.permutations([c for c in commits if c.number in numbers])):
        dimension.process([commit], restated=len(commits))
    assert dimension.rows() == joins[-1]


def test_a_corrected_row_that_left_its_parent_before_the_parent_changed_wins() -> None:
    changes: list[Change] = [({1: ("a", 1)}, {}), ({1: ("a", 2)}, {}), ({}, {1: "P"})]
    log, commits, joins = _landed(changes, {(2, "staff")})
    dimension = Dimension(log, many=20)
    for commit in commits:
        dimension.process([commit])
    assert dimension.rows() == {1: ("a", "P")}
    dimension.make_nullable()
    dimension.process([commits[1]], restated=3)
    assert dimension.rows() == joins[-1] == {1: ("a", "Not known")}


def _landed(
    changes: list[Change], invalid: Collection[tuple[int, str]] = ()
) -> tuple[Log, list[IngestionCommit], list[Join]]:
    """Land each change as a commit; return the commits, and the expected join after each."""
    log: Log = CommitLog(MemoryS3().bucket(), IngestionCommit)
    staff: dict[int, tuple[str, int]] = {}
    departments: dict[int, str] = {}
    commits, joins = list[IngestionCommit](), list[Join]()
    for number, (new_staff, new_departments) in enumerate(changes, start=1):
        staff |= new_staff
        departments |= new_departments
        tables: dict[str, bytes] = {}
        if new_staff:
            tables["staff"] = _staff(new_staff, invalid=(number, "staff") in invalid)
        if new_departments:
            bad = (number, "department") in invalid
            tables["department"] = _departments(new_departments, invalid=bad)
        commits.append(land(log, tables))
        joined = {
            key: (name, departments.get(at, "Not known")) for key, (name, at) in staff.items()
        }
        joins.append(joined)
    return log, commits, joins


def _staff(rows: dict[int, tuple[str, int]], *, invalid: bool) -> bytes:
    header = "staff_id,first_name,last_name,department_id,email_address,created_at,last_updated"
    lines = [
        f"{key},{name},x,{department},x,{'' if invalid else _STAMP},{_STAMP}"
        for key, (name, department) in rows.items()
    ]
    return "\n".join([header, *lines, ""]).encode()


def _departments(rows: dict[int, str], *, invalid: bool) -> bytes:
    header = "department_id,department_name,location,manager,created_at,last_updated"
    lines = [f"{key},{name},,,{'' if invalid else _STAMP},{_STAMP}" for key, name in rows.items()]
    return "\n".join([header, *lines, ""]).encode()
