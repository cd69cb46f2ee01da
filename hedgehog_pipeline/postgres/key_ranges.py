"""Sets of primary keys as ranges: keys come from sequences, so that few ranges hold many."""

from collections.abc import Iterable, Sequence
from itertools import chain

KeyRanges = Sequence[tuple[int, int]]
"""Inclusive ranges in order, apart from each other."""


def union(*sets: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """Join ranges, in whatever order and overlapping as they may."""
    joined: list[tuple[int, int]] = []
    for first, last in sorted(chain(*sets)):
        if joined and first <= joined[-1][1] + 1:
            joined[-1] = (joined[-1][0], max(last, joined[-1][1]))
        else:
            joined.append((first, last))
    return joined


def below(keys: KeyRanges, end: int) -> list[tuple[int, int]]:
    """Give the keys below a number."""
    return [(first, min(last, end - 1)) for first, last in keys if first < end]


def first_of(keys: KeyRanges, most: int) -> list[tuple[int, int]]:
    """Give the lowest keys, so many at most."""
    taken: list[tuple[int, int]] = []
    for first, last in keys:
        if most <= 0:
            break
        taken.append((first, min(last, first + most - 1)))
        most -= last - first + 1
    return taken


def last_of(keys: KeyRanges, most: int) -> list[tuple[int, int]]:
    """Give the highest keys, so many at most."""
    taken: list[tuple[int, int]] = []
    for first, last in reversed(keys):
        if most <= 0:
            break
        taken.append((max(first, last - most + 1), last))
        most -= last - first + 1
    return taken[::-1]


def append(keys: list[tuple[int, int]], key: int) -> None:
    """Add a key to ranges of which none reaches beyond it."""
    if keys and key <= keys[-1][1] + 1:
        keys[-1] = (keys[-1][0], key)
    else:
        keys.append((key, key))


def difference(keys: KeyRanges, others: KeyRanges) -> list[tuple[int, int]]:
    """Give the keys that are not among the others."""
    left: list[tuple[int, int]] = []
    place = 0
    for first, last in keys:
        while place < len(others) and others[place][1] < first:
            place += 1
        at, start = place, first
        while at < len(others) and others[at][0] <= last:
            if start < others[at][0]:
                left.append((start, others[at][0] - 1))
            start = others[at][1] + 1
            at += 1
        if start <= last:
            left.append((start, last))
    return left


def intersection(keys: KeyRanges, others: KeyRanges) -> list[tuple[int, int]]:
    """Give the keys that are among the others."""
    return difference(keys, difference(keys, others))


def count(keys: KeyRanges) -> int:
    """Count the keys."""
    return sum(last - first + 1 for first, last in keys)
