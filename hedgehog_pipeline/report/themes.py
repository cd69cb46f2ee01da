"""The light and the dark theme: the colours of the page and of its charts.

The contrast with the background is at least 7 for text, 4.5 for bars and 3 for lines (WCAG 2.2).
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Theme:
    """Colours in CSS notation.

    Attributes:
        background: of the page and the charts.
        text: of all text.
        line: of axes, rules and borders.
        bar: of bars and links.
    """

    background: str
    text: str
    line: str
    bar: str


LIGHT = Theme(background="#ffffff", text="#1d2329", line="#8a949e", bar="#1c5d99")
DARK = Theme(background="#14191f", text="#e7ebef", line="#77828d", bar="#7fb5e6")
