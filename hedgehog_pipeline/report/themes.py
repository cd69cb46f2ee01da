"""Light and dark: the colours that the page and its pictures share.

Text has a contrast of 7 to 1 and more on its background, a bar one of 4.5 (WCAG 2.2, AAA and AA).
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Theme:
    """Colours, as CSS has them.

    Attributes:
        background: of page and pictures.
        text: of words and figures.
        line: of axes, rules and borders.
        bar: of bars and links.
    """

    background: str
    text: str
    line: str
    bar: str


LIGHT = Theme(background="#ffffff", text="#1d2329", line="#8a949e", bar="#1c5d99")
DARK = Theme(background="#14191f", text="#e7ebef", line="#77828d", bar="#7fb5e6")
