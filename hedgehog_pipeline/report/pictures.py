"""Draw charts as SVG and PNG, without a browser or network access."""

import base64
import io
from dataclasses import dataclass
from typing import Any

import vl_convert
from PIL import Image

from hedgehog_pipeline.report.charts import Chart
from hedgehog_pipeline.report.themes import DARK, LIGHT, Theme

_FONT = "Liberation Sans, Arial, Helvetica, sans-serif"
"""vl-convert includes and measures the first one; the others have the same widths."""

_COLOURS = 32


@dataclass(frozen=True)
class Picture:
    """A chart as SVG, in light and dark."""

    light: str
    dark: str

    @classmethod
    def of(cls, chart: Chart) -> "Picture":
        """Draw a chart in both themes."""
        drawn: dict[str, Any] = chart.to_dict()
        drawn.pop("config")  # Altair's default, which would override the theme
        return cls(*(vl_convert.vegalite_to_svg(drawn, config=_config(t)) for t in (LIGHT, DARK)))

    @property
    def png(self) -> bytes:
        """The light one as PNG; few colours make it ten times smaller; Dagster keeps each one."""
        drawn = Image.open(io.BytesIO(vl_convert.svg_to_png(self.light)))
        body = io.BytesIO()
        drawn.convert("RGB").quantize(_COLOURS).save(body, "PNG", optimize=True)
        return body.getvalue()


def data_uri(kind: str, body: bytes) -> str:
    """Return an image as a `data:` URI."""
    return f"data:image/{kind};base64,{base64.b64encode(body).decode()}"


def _config(theme: Theme) -> dict[str, Any]:
    return {
        "background": theme.background,
        "padding": 4,
        "font": _FONT,
        "bar": {"fill": theme.bar, "stroke": theme.bar, "strokeWidth": 1},
        "text": {"fill": theme.text, "fontSize": 12},
        "axis": {
            "domainColor": theme.line,
            "gridColor": theme.line,
            "gridOpacity": 0.4,
            "labelColor": theme.text,
            "labelFontSize": 12,
            "labelLimit": 170,
            "tickColor": theme.line,
        },
        "axisY": {"ticks": False, "labelPadding": 6},
        "header": {"labelColor": theme.text, "labelFontSize": 13, "labelFontWeight": "bold"},
        "view": {"stroke": None},
    }
