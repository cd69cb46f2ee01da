"""Draw a diagram as SVG."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import zip_longest
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from hedgehog_pipeline_tests.support.diagrams.cards import Card, Row
from hedgehog_pipeline_tests.support.diagrams.layout import (
    GAP,
    HEAD,
    ROW,
    Pin,
    Trunk,
    arrange,
    height,
    row_top,
)
from hedgehog_pipeline_tests.support.diagrams.style import ALONE, hue, style_sheet

_MARGIN = 16
_PADDING = 10
_CHIP = 24
_STEP = 10
"""Between two trunks; twice as much between a card and a trunk."""
_CURVE = 6
_LETTER, _SMALL_LETTER, _BOLD_LETTER = 6.7, 6.1, 8.6
"""Widths of a letter, in the widest of the usual fonts."""
_LEGEND = ((ALONE, "PK", "primary key"), (ALONE, "FK", "reference to the key of the same colour"))


def draw(title: str, cards: Sequence[Card]) -> str:
    """Return the picture of tables and their references.

    A key and all references to it have one colour.
    """
    layout = arrange(cards)
    tops = layout.tops()
    parents = {parent for card in cards for parent in card.references.values()}
    hues = {name: hue(i) for i, name in enumerate(c.name for c in cards if c.name in parents)}
    picture = Element("svg", {"xmlns": "http://www.w3.org/2000/svg", "role": "img"})
    picture.set("aria-labelledby", "title description")
    _add(picture, "title", title, id="title")
    _add(picture, "desc", _description(cards), id="description")
    _add(picture, "style", style_sheet())
    ground = _add(picture, "rect", class_="ground", x=-_MARGIN, y=-_MARGIN, rx=8)
    tables, lines = _add(picture, "g"), _add(picture, "g")
    right = 0
    for column, gutter in zip_longest(layout.columns, layout.gutters(), fillvalue=()):
        width = max(map(_width, column), default=0)
        for card in column:
            _draw_card(_group(tables, right, tops[card.name], id=card.name), card, width, hues)
        right += width
        if gutter:
            _draw_gutter(_group(lines, right, 0), gutter, hues)
            right += _gutter_width(gutter)
    bottom = max(tops[card.name] + height(card) for card in cards)
    _draw_legend(_group(picture, 0, bottom), dict.fromkeys(card.kind for card in cards))
    size = {"width": right + 2 * _MARGIN, "height": bottom + ROW + 2 * _MARGIN}
    for element in (picture, ground):
        element.attrib.update({name: str(value) for name, value in size.items()})
    picture.set("viewBox", f"{-_MARGIN} {-_MARGIN} {size['width']} {size['height']}")
    indent(picture, " ")
    return tostring(picture, encoding="unicode") + "\n"


def _draw_card(group: Element, card: Card, width: int, hues: Mapping[str, str]) -> None:
    head = f"M0 {HEAD}V6Q0 0 6 0H{width - 6}Q{width} 0 {width} 6V{HEAD}z"
    box = {"width": width, "height": height(card) - GAP, "rx": 6}
    _add(group, "rect", class_="card", **box)
    _add(group, "path", class_=card.kind, d=head)
    _add(group, "text", card.name, class_="table", x=_PADDING, y=HEAD / 2 + 5)
    _add(group, "text", card.kind, class_="kind", x=width - _PADDING, y=HEAD / 2 + 5)
    for index, row in enumerate(card.rows):
        line = _group(group, 0, row_top(index), class_="row")
        for place, (mark, colour) in enumerate(_marks(card, row, hues)):
            _draw_chip(line, 8 + place * _CHIP, mark, colour)
        _add(line, "text", row.name, class_="name", x=_text_left(card), y=13)
        _add(line, "text", row.type, class_="type", x=width - _PADDING, y=13)
    _add(group, "rect", class_="border", **box)


def _draw_chip(group: Element, x: float, mark: str, colour: str) -> None:
    _add(group, "rect", class_=colour, x=x, y=2.5, width=20, height=13, rx=3)
    _add(group, "text", mark, class_="mark", x=x + 10, y=12.3)


def _draw_gutter(group: Element, gutter: Sequence[Trunk], hues: Mapping[str, str]) -> None:
    width = _gutter_width(gutter)
    for index, trunk in enumerate(gutter):
        lines = _add(group, "g", class_=hues[trunk.table])
        for pin in trunk.references:
            way = _way(pin, trunk.key, (index + 2) * _STEP, width)
            line = _add(lines, "path", class_="line", d=way)
            _add(line, "title", f"{pin.name} → {trunk.key.name}")
            _add(lines, "circle", cx=_edge(pin, width), cy=pin.y, r=2.8)
        arrow = f"M{_edge(trunk.key, width)} {trunk.key.y}l{_inward(trunk.key) * 8} -4.5v9z"
        _add(lines, "path", d=arrow)


def _way(pin: Pin, key: Pin, x: int, width: int) -> str:
    """Return the way of a line to its trunk at x, and along it to the key.

    It turns in curves, so that lines that join differ from lines that cross.
    """
    curve = min(_CURVE, abs(key.y - pin.y) / 2)
    down = curve if key.y > pin.y else -curve
    return (
        f"M{_edge(pin, width)} {pin.y}H{x - _inward(pin) * curve}Q{x} {pin.y} {x} {pin.y + down}"
        f"V{key.y - down}Q{x} {key.y} {x - _inward(key) * curve} {key.y}H{_edge(key, width)}"
    )


def _edge(pin: Pin, width: int) -> int:
    return 0 if pin.left else width


def _inward(pin: Pin) -> int:
    return 1 if pin.left else -1


def _draw_legend(group: Element, kinds: Iterable[str]) -> None:
    x = 0.0
    for colour, mark, text in [*((kind, "", kind) for kind in kinds), *_LEGEND]:
        _draw_chip(group, x, mark, colour)
        _add(group, "text", text, class_="name", x=x + _CHIP + 2, y=13)
        x += _CHIP + 2 + len(text) * _LETTER + 14


def _description(cards: Iterable[Card]) -> str:
    """Say which tables refer to which, for those who do not see the picture."""
    said = (
        f"{card.name} refers to {', '.join(dict.fromkeys(card.references.values()))}."
        for card in cards
        if card.references
    )
    return " ".join(said)


def _marks(card: Card, row: Row, hues: Mapping[str, str]) -> list[tuple[str, str]]:
    """Return the marks of a row, and their colours."""
    key = [("PK", hues.get(card.name, ALONE))] if row.key else []
    return [*key, ("FK", hues[row.references])] if row.references else key


def _text_left(card: Card) -> int:
    both = any(row.key and row.references for row in card.rows)
    return _PADDING + (2 if both else 1) * _CHIP


def _width(card: Card) -> int:
    rows = (len(row.name) * _LETTER + len(row.type) * _SMALL_LETTER for row in card.rows)
    head = len(card.name) * _BOLD_LETTER + len(card.kind) * _SMALL_LETTER
    return round(max(max(rows) + _text_left(card), head + _PADDING) + 2 * _PADDING)


def _gutter_width(gutter: Sequence[Trunk]) -> int:
    return (len(gutter) + 3) * _STEP


def _group(parent: Element, x: float, y: float, **attributes: object) -> Element:
    return _add(parent, "g", transform=f"translate({x} {y})", **attributes)


def _add(parent: Element, tag: str, text: str | None = None, **attributes: object) -> Element:
    """Add an element; `class_` is its attribute `class`."""
    named = {name.rstrip("_"): str(value) for name, value in attributes.items()}
    element = SubElement(parent, tag, named)
    element.text = text
    return element
