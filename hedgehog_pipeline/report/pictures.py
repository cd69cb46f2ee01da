"""Charts drawn, without a browser and without the network."""

import base64
import io
from dataclasses import dataclass
from typing import Any

import vl_convert
from PIL import Image

from hedgehog_pipeline.report.charts import Chart
from hedgehog_pipeline.report.themes import DARK, LIGHT, Theme

_FONT = "Liberation Sans, Arial, Helvetica, sans-serif"
"""The first comes with vl-convert, which measures by it; the others are as wide."""

_COLOURS = 32


@dataclass(frozen=True)
class Picture:
    """A chart as SVG, in light and dark."""

    light: str
    dark: str

    @classmethod
    def of(cls, chart: Chart) -> "Picture":
        """Draw a chart in both."""
        drawn: dict[str, Any] = chart.to_dict()
        drawn.pop("config")  # what is Altair's default, and no theme's
        return cls(*(vl_convert.vegalite_to_svg(drawn, config=_config(t)) for t in (LIGHT, DARK)))

    @property
    def png(self) -> bytes:
        """The light one as PNG, in few colours: Dagster keeps it for ever, and that is a tenth."""
        drawn = Image.open(io.BytesIO(vl_convert.svg_to_png(self.light)))
        body = io.BytesIO()
        drawn.convert("RGB").quantize(_COLOURS).save(body, "PNG", optimize=True)
        return body.getvalue()


def data_uri(kind: str, body: bytes) -> str:
    """Give a picture as an address that holds it."""
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
