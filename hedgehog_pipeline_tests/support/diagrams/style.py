"""The style sheet of the diagrams: colours in light and in dark, fonts of the reader's system."""

ALONE = "alone"
"""The class of a key that no table refers to."""

_COLOURS = {
    "ground": ("#f6f8fa", "#0d1117"),
    "card": ("#ffffff", "#161b22"),
    "border": ("#d0d7de", "#3d444d"),
    "name": ("#1f2328", "#e6edf3"),
    "type": ("#656d76", "#8d96a0"),
    "mark": ("#ffffff", "#0d1117"),
    "table": ("#ffffff", "#ffffff"),
    "kind": ("#e6edf3", "#e6edf3"),
    "source": ("#3f6f5f", "#2f5d4e"),
    "dimension": ("#3b5b8c", "#2f4d7d"),
    "fact": ("#9a4f1c", "#8a4516"),
    ALONE: ("#6e7781", "#8d96a0"),
}
_HUES = (
    ("#1d6fdc", "#58a6ff"),
    ("#c2570c", "#f0883e"),
    ("#1a7f37", "#3fb950"),
    ("#8250df", "#bc8cff"),
    ("#0e7c86", "#39c5cf"),
    ("#bf3989", "#f778ba"),
    ("#6b7a0c", "#d4d35d"),
    ("#7d4e3a", "#c9a48c"),
    ("#cf222e", "#ff7b72"),
    ("#0b4f6c", "#a5d8e6"),
)
_FONTS = 'system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif'
_SHAPES = f"""
rect, path, circle, text {{ fill: currentColor; }}
text {{ font: 12px {_FONTS}; }}
.line {{ fill: none; stroke: currentColor; stroke-width: 1.6; }}
.border {{ fill: none; stroke: currentColor; }}
.table {{ font-size: 13px; font-weight: 600; }}
.kind, .type {{ font-size: 11px; text-anchor: end; }}
.mark {{ font-size: 9px; font-weight: 700; text-anchor: middle; }}
"""


def hue(index: int) -> str:
    """Return the class of the colour of a key and of the references to it."""
    return f"hue{index % len(_HUES)}"


def style_sheet() -> str:
    """Return the style sheet."""
    light, dark = (_rules(side) for side in (0, 1))
    return f"{_SHAPES}{light}@media (prefers-color-scheme: dark) {{\n{dark}}}\n"


def _rules(side: int) -> str:
    colours = {**_COLOURS, **{hue(index): each for index, each in enumerate(_HUES)}}
    return "".join(f".{name} {{ color: {each[side]}; }}\n" for name, each in colours.items())
