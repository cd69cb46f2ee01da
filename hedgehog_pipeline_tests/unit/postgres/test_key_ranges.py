"""Ranges of keys behave like sets of keys."""

import itertools

from hypothesis import given
from hypothesis import strategies as st

from hedgehog_pipeline.postgres.key_ranges import (
    KeyRanges,
    below,
    count,
    difference,
    first_of,
    last_of,
    union,
)

_KEYS = st.sets(st.integers(-20, 60))


def _ranges(keys: set[int]) -> KeyRanges:
    return union([(key, key) for key in keys])


def _keys(ranges: KeyRanges) -> list[int]:
    return [key for first, last in ranges for key in range(first, last + 1)]


@given(_KEYS, _KEYS)
def test_union_difference_and_count_agree_with_sets(some: set[int], others: set[int]) -> None:
    assert _keys(union(_ranges(some), _ranges(others))) == sorted(some | others)
    assert _keys(difference(_ranges(some), _ranges(others))) == sorted(some - others)
    assert count(_ranges(some)) == len(some)


@given(_KEYS, st.integers(-30, 70))
def test_keys_below_a_number_lowest_and_highest_keys_agree_with_sets(
    keys: set[int], number: int
) -> None:
    assert _keys(below(_ranges(keys), number)) == sorted(key for key in keys if key < number)
    assert _keys(first_of(_ranges(keys), number)) == sorted(keys)[: max(number, 0)]
    highest = sorted(keys, reverse=True)[: max(number, 0)]
    assert _keys(last_of(_ranges(keys), number)) == sorted(highest)


@given(_KEYS)
def test_ranges_are_sorted_with_gaps_between_them(keys: set[int]) -> None:
    ranges = _ranges(keys)
    assert all(later[0] > earlier[1] + 1 for earlier, later in itertools.pairwise(ranges))


def test_overlapping_ranges_are_joined() -> None:
    assert union([(5, 9), (1, 3)], [(2, 6)], [(11, 12)]) == [(1, 9), (11, 12)]
