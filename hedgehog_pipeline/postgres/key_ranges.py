"""Sets of primary keys as ranges: keys come from sequences, so a few ranges contain many keys."""

from collections.abc import Iterable, Sequence
from itertools import chain

KeyRanges = Sequence[tuple[int, int]]
"""Inclusive ranges, sorted, with a gap between any two."""


def union(*sets: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return the union of ranges in any order, which may overlap."""
    joined: list[tuple[int, int]] = []
    for first, last in sorted(chain(*sets)):
        if joined and first <= joined[-1][1] + 1:
            joined[-1] = (joined[-1][0], max(last, joined[-1][1]))
        else:
            joined.append((first, last))
    return joined


def below(keys: KeyRanges, end: int) -> list[tuple[int, int]]:
    """Return the keys below `end`."""
    return [(first, min(last, end - 1)) for first, last in keys if first < end]


def first_of(keys: KeyRanges, most: int) -> list[tuple[int, int]]:
    """Return the lowest keys, at most `most` of them."""
    found: list[tuple[int, int]] = []
    for first, last in keys:
        if most <= 0:
            break
        found.append((first, min(last, first + most - 1)))
        most -= last - first + 1
    return found


def last_of(keys: KeyRanges, most: int) -> list[tuple[int, int]]:
    """Return the highest keys, at most `most` of them."""
    found: list[tuple[int, int]] = []
    for first, last in reversed(keys):
        if most <= 0:
            break
        found.append((max(first, last - most + 1), last))
        most -= last - first + 1
    return found[::-1]


def append(keys: list[tuple[int, int]], key: int) -> None:
    """Add a key to ranges that end at or below it."""
    if keys and key <= keys[-1][1] + 1:
        keys[-1] = (keys[-1][0], key)
    else:
        keys.append((key, key))


def difference(keys: KeyRanges, others: KeyRanges) -> list[tuple[int, int]]:
    """Return the keys that are not in `others`."""
    left: list[tuple[int, int]] = []
    skipped = 0
    for first, last in keys:
        while skipped < len(others) and others[skipped][1] < first:
            skipped += 1
        at, start = skipped, first
        while at < len(others) and others[at][0] <= last:
            if start < others[at][0]:
                left.append((start, others[at][0] - 1))
            start = others[at][1] + 1
            at += 1
        if start <= last:
            left.append((start, last))
    return left


def intersection(keys: KeyRanges, others: KeyRanges) -> list[tuple[int, int]]:
    """Return the keys that are also in `others`."""
    return difference(keys, difference(keys, others))


def count(keys: KeyRanges) -> int:
    """Count the keys."""
    return sum(last - first + 1 for first, last in keys)
