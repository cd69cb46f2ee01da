"""The capture rule alone: which transactions are in a window."""

import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hedgehog_pipeline.extraction.snapshot import WRAP, PgSnapshot, XidWindow

IDS = st.integers(3, 2**40)


def test_a_snapshot_is_parsed_from_its_text():
    snapshot = PgSnapshot("755:760:755,758")
    assert (snapshot.xmin, snapshot.xmax) == (755, 760)
    assert snapshot.open == (755, 758)
    assert snapshot.horizon == PgSnapshot("755:755:")
    assert snapshot.horizon.open == ()


@given(IDS, st.integers(0, 2**20))
def test_the_horizon_sees_only_transactions_below_xmin(xmin: int, open_for: int):
    horizon = PgSnapshot(f"{xmin}:{xmin + open_for}:{xmin}").horizon
    assert horizon.xmin == horizon.xmax == xmin
    assert horizon.horizon == horizon


@pytest.mark.parametrize(
    ("length", "wraps"), [(0, False), (1, False), (WRAP - 1, False), (WRAP, True), (-1, True)]
)
def test_a_window_wraps_if_ids_repeat_in_it_or_if_it_runs_backwards(length: int, *, wraps: bool):
    assert XidWindow(1000, 1000 + length).wraps == wraps


@pytest.fixture(scope="module")
def connection(servers) -> psycopg.Connection:  # noqa: ANN001 (the fixture of conftest.py)
    return psycopg.connect(servers.postgres.dsn("postgres"), autocommit=True)


def is_new(
    connection: psycopg.Connection,
    transaction: int,
    window: XidWindow,
    seen: tuple[tuple[int, int], ...] = (),
) -> tuple[bool, int]:
    """Evaluate the conditions in PostgreSQL for a row of this transaction."""
    row = psycopg.sql.SQL("select {new}, {transaction} from (select %s::bigint as xmin) as t")
    query = row.format(new=window.new_rows(seen), transaction=window.transaction)
    return connection.execute(query, [transaction % WRAP]).fetchall()[0]


@given(data=st.data(), horizon=IDS, length=st.integers(1, WRAP - 1))
def test_every_transaction_in_the_window_is_new_whatever_the_counter(
    connection: psycopg.Connection, data: st.DataObject, horizon: int, length: int
):
    transaction = horizon + data.draw(st.integers(0, length - 1))
    window = XidWindow(horizon, horizon + length)
    assert is_new(connection, transaction, window) == (True, transaction)
    assert not is_new(connection, transaction, window, ((transaction, transaction),))[0]


@given(data=st.data(), horizon=st.integers(WRAP, 2**40), length=st.integers(0, WRAP - 1))
def test_every_earlier_transaction_is_old_until_its_id_repeats(
    connection: psycopg.Connection, data: st.DataObject, horizon: int, length: int
):
    transaction = horizon - data.draw(st.integers(1, WRAP - length))
    assert not is_new(connection, transaction, XidWindow(horizon, horizon + length))[0]


def test_seen_ranges_exclude_their_edges_and_nothing_else(connection: psycopg.Connection):
    window, seen = XidWindow(100, 200), ((110, 119), (150, 150))
    new = {number for number in range(90, 210) if is_new(connection, number, window, seen)[0]}
    assert new == set(range(100, 200)) - set(range(110, 120)) - {150}
