"""Where the cards of a diagram stand, and which way the lines between them go.

The cards stand in three columns, with a gutter between two of them. Tables that refer to each
other stand in one column or in neighbouring ones, so every line runs in a gutter and crosses no
card. All references to one key join in one vertical line, their trunk.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from heapq import heappop, heappush
from itertools import combinations
from typing import TypeVar

from hedgehog_pipeline_tests.support.diagrams.cards import Card

ROW = 18
HEAD = 28
FOOT = 6
GAP = 20
"""Between two cards; with head and foot three rows, so that all rows of a column are in step."""
_SAME_COLUMN = 200
"""What a reference within a column costs, in squares of rows: see `_price`."""
_CROSSING = 60
"""A crossing costs as much as a line that is so much longer."""

_Item = TypeVar("_Item")


@dataclass(frozen=True)
class Pin:
    """An end of a line: a column (`table.column`), at the left or the right of a gutter."""

    name: str
    y: int
    left: bool


@dataclass(frozen=True)
class Trunk:
    """The references to the key of a table, in one gutter."""

    table: str
    key: Pin
    references: tuple[Pin, ...]

    @property
    def pins(self) -> tuple[Pin, ...]:
        return (self.key, *self.references)

    @property
    def span(self) -> tuple[int, int]:
        return min(pin.y for pin in self.pins), max(pin.y for pin in self.pins)

    def crossings(self, right: "Trunk") -> int:
        """Return how often they cross if the other trunk is on the right of this one."""
        return _cuts(self.span, right.pins, left=True) + _cuts(right.span, self.pins, left=False)


@dataclass(frozen=True)
class Layout:
    """The cards of each column, from top to bottom."""

    columns: tuple[tuple[Card, ...], ...]

    def tops(self) -> dict[str, int]:
        """Return the upper edge of each card.

        Columns are centred. The second one is half a row lower than the others: no line from the
        left of a gutter is as high as a line from its right.
        """
        heights = [sum(map(height, column)) for column in self.columns]
        tops: dict[str, int] = {}
        for index, column in enumerate(self.columns):
            top = (max(heights) - heights[index]) // (2 * ROW) * ROW + index % 2 * ROW // 2
            for card in column:
                tops[card.name] = top
                top += height(card)
        return tops

    def gutters(self) -> list[list[Trunk]]:
        """Return the trunks of each gutter, from left to right, with few crossings."""
        found: list[dict[str, list[Pin]]] = [{} for _ in self.columns[1:]]
        tops = self.tops()
        place = {card.name: (i, card) for i, column in enumerate(self.columns) for card in column}

        def pin(table: str, row: int, gutter: int) -> Pin:
            column, card = place[table]
            y = tops[table] + row_top(row) + ROW // 2
            return Pin(f"{table}.{card.rows[row].name}", y, left=column == gutter)

        for table, (column, card) in place.items():
            for row, parent in card.references.items():
                other, target = place[parent]
                gutter = min(column, other, len(found) - 1)
                trunk = found[gutter].setdefault(parent, [pin(parent, target.key, gutter)])
                trunk.append(pin(table, row, gutter))
        gutters = ([Trunk(t, key, tuple(pins)) for t, (key, *pins) in f.items()] for f in found)
        return [_improved(gutter, _cost) for gutter in gutters]

    def cost(self) -> int:
        return sum(map(_cost, self.gutters()))

    def changed(self, index: int, column: Sequence[Card]) -> "Layout":
        return Layout((*self.columns[:index], tuple(column), *self.columns[index + 1 :]))


def arrange(cards: Sequence[Card]) -> Layout:
    """Place the cards in columns, and order each column for short lines with few crossings."""
    layout = Layout(_columns(cards))
    for _ in range(2):
        for index, column in enumerate(layout.columns):
            order = _improved(column, lambda c, i=index, now=layout: now.changed(i, c).cost())
            layout = layout.changed(index, order)
    return layout


def height(card: Card) -> int:
    """Return the height of a card with the gap below it."""
    return HEAD + ROW * len(card.rows) + FOOT + GAP


def row_top(row: int) -> int:
    """Return how far below the upper edge of its card a row begins."""
    return HEAD + FOOT // 2 + ROW * row


def _columns(cards: Sequence[Card]) -> tuple[tuple[Card, ...], ...]:
    """Find the cheapest columns in which tables that refer to each other are neighbours.

    The cheapest choice so far gets the next card, until a choice has all cards.
    """
    names = [card.name for card in cards]
    links = [(i, names.index(name)) for i, c in enumerate(cards) for name in c.references.values()]
    choices: list[tuple[int, tuple[int, ...]]] = [(0, ())]
    while len(chosen := heappop(choices)[1]) < len(cards):
        for column in range(3):
            longer = (*chosen, column)
            steps = [longer[a] - longer[b] for a, b in links if max(a, b) < len(longer)]
            if all(abs(step) <= 1 for step in steps):
                heappush(choices, (_price(cards, longer, steps), longer))
    return tuple(tuple(c for c, i in zip(cards, chosen, strict=True) if i == n) for n in range(3))


def _price(cards: Sequence[Card], chosen: Sequence[int], steps: Sequence[int]) -> int:
    """Return the price of a choice of columns: low if they are of about the same height.

    A reference within a column costs extra, and one to the right a little.
    """
    heights = [0, 0, 0]
    for card, column in zip(cards, chosen, strict=False):
        heights[column] += height(card) // ROW
    return sum(h**2 for h in heights) + _SAME_COLUMN * steps.count(0) + steps.count(-1)


def _cost(trunks: Sequence[Trunk]) -> int:
    crossings = sum(left.crossings(right) for left, right in combinations(trunks, 2))
    lengths = (high - low for low, high in (trunk.span for trunk in trunks))
    return sum(lengths) + _CROSSING * crossings


def _cuts(span: tuple[int, int], pins: Iterable[Pin], *, left: bool) -> int:
    return sum(pin.left is left and span[0] < pin.y < span[1] for pin in pins)


def _improved(items: Sequence[_Item], cost: Callable[[Sequence[_Item]], int]) -> list[_Item]:
    """Swap two items at a time, for as long as that lowers the cost."""
    best = list(items)
    while pairs := list(combinations(range(len(best)), 2)):
        found = min((_swapped(best, *pair) for pair in pairs), key=cost)
        if cost(found) >= cost(best):
            break
        best = found
    return best


def _swapped(items: Sequence[_Item], one: int, other: int) -> list[_Item]:
    swapped = list(items)
    swapped[one], swapped[other] = items[other], items[one]
    return swapped
