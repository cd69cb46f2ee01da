"""The capture rule by itself: which transactions a window holds, which ids are kept as seen."""

from itertools import pairwise

import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hedgehog_pipeline.extraction.snapshot import (
    WRAP,
    Snapshot,
    Window,
    as_ranges,
    carried_forward,
)

IDS = st.integers(3, 2**40)
SOME_IDS = st.frozensets(st.integers(3, 60), max_size=30)


def members(ranges: tuple[tuple[int, int], ...]) -> set[int]:
    return {number for first, last in ranges for number in range(first, last + 1)}


def test_a_snapshot_is_read_from_its_text():
    snapshot = Snapshot("755:760:755,758")
    assert (snapshot.xmin, snapshot.xmax) == (755, 760)
    assert snapshot.horizon == Snapshot("755:755:")


@given(IDS, st.integers(0, 2**20))
def test_the_horizon_shows_what_was_over_and_nothing_of_what_was_open(xmin: int, open_for: int):
    horizon = Snapshot(f"{xmin}:{xmin + open_for}:{xmin}").horizon
    assert horizon.xmin == horizon.xmax == xmin
    assert horizon.horizon == horizon


@pytest.mark.parametrize(
    ("length", "wraps"), [(0, False), (1, False), (WRAP - 1, False), (WRAP, True), (-1, True)]
)
def test_a_window_wraps_once_ids_of_rows_repeat_in_it_or_when_it_runs_backwards(
    length: int, *, wraps: bool
):
    assert Window(1000, 1000 + length).wraps == wraps


@given(SOME_IDS)
def test_ranges_hold_the_ids_and_no_others(ids: frozenset[int]):
    assert members(as_ranges(ids)) == ids


@given(SOME_IDS)
def test_ranges_are_sorted_apart_and_as_few_as_can_be(ids: frozenset[int]):
    ranges = as_ranges(ids)
    assert all(first <= last for first, last in ranges)
    assert all(last + 1 < first for (_, last), (first, _) in pairwise(ranges))


@given(SOME_IDS)
def test_ranges_do_not_mind_order_and_repetition(ids: frozenset[int]):
    shuffled = [*sorted(ids, reverse=True), *ids]
    assert as_ranges(shuffled) == as_ranges(ids)


def test_a_long_transaction_is_one_range():
    assert as_ranges(range(1000, 9000)) == ((1000, 8999),)


@given(SOME_IDS, SOME_IDS, st.integers(3, 61))
def test_seen_ids_are_carried_until_the_horizon_passes_them(
    seen: frozenset[int], met: frozenset[int], horizon: int
):
    met = frozenset(number for number in met if number >= horizon)
    carried = carried_forward(as_ranges(seen), met, horizon)
    assert members(carried) == {number for number in seen | met if number >= horizon}


@given(SOME_IDS, st.lists(st.integers(3, 61), min_size=2, max_size=2).map(sorted))
def test_carrying_twice_is_carrying_once(seen: frozenset[int], horizons: list[int]):
    near, far = horizons
    once = carried_forward(as_ranges(seen), (), far)
    assert carried_forward(carried_forward(as_ranges(seen), (), near), (), far) == once


@pytest.fixture(scope="module")
def connection(servers) -> psycopg.Connection:  # noqa: ANN001 (the fixture of conftest.py)
    return psycopg.connect(servers.postgres.dsn("postgres"), autocommit=True)


def holds(
    connection: psycopg.Connection,
    transaction: int,
    window: Window,
    seen: tuple[tuple[int, int], ...] = (),
) -> tuple[bool, int]:
    """What PostgreSQL makes of the conditions for a row of this transaction."""
    row = psycopg.sql.SQL("select {new}, {transaction} from (select %s::bigint as xmin) as t")
    query = row.format(new=window.new_rows(seen), transaction=window.transaction)
    return connection.execute(query, [transaction % WRAP]).fetchall()[0]


@given(data=st.data(), horizon=IDS, length=st.integers(1, WRAP - 1))
def test_every_transaction_of_the_window_is_new_wherever_the_counter_stands(
    connection: psycopg.Connection, data: st.DataObject, horizon: int, length: int
):
    transaction = horizon + data.draw(st.integers(0, length - 1))
    window = Window(horizon, horizon + length)
    assert holds(connection, transaction, window) == (True, transaction)
    assert not holds(connection, transaction, window, ((transaction, transaction),))[0]


@given(data=st.data(), horizon=st.integers(WRAP, 2**40), length=st.integers(0, WRAP - 1))
def test_every_earlier_transaction_is_old_until_its_id_repeats(
    connection: psycopg.Connection, data: st.DataObject, horizon: int, length: int
):
    transaction = horizon - data.draw(st.integers(1, WRAP - length))
    assert not holds(connection, transaction, Window(horizon, horizon + length))[0]


def test_seen_ranges_leave_out_their_edges_and_nothing_beside_them(connection: psycopg.Connection):
    window, seen = Window(100, 200), ((110, 119), (150, 150))
    new = {number for number in range(90, 210) if holds(connection, number, window, seen)[0]}
    assert new == set(range(100, 200)) - set(range(110, 120)) - {150}
